"""What a query carries that does not say which page it is: campaigns, click ids, shares, sessions.

Sources: the parameter lists of Firefox (query stripping), AdGuard (URL tracking filter), Brave, ClearURLs and Neat URL
agree on most of these; the tools' own manuals for the rest. Left out on purpose: names that some CMS uses for content
(`id`, `page`, `p`, `q`, `tag`, `category`, `lang`, `v`, `story`, `section`, `date`, `view`, …).
"""

from __future__ import annotations

import re

# Tags that are put on by whoever spreads a link, and that no server answers by: not even asked for.
# Google Analytics campaigns; click ids of Facebook, Google, Microsoft, Yandex, Twitter, TikTok, Instagram; MailChimp.
_CLICK_TAGS = frozenset(
    "fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ysclid twclid ttclid igshid mc_cid mc_eid".split()
)
_CLICK_PREFIXES = ("utm_",)

# Names that are tracking wherever they occur: whole name, lower case -> folded in the key.
_TRACKING = frozenset(
    # Google: Analytics cross-domain, merchant listings, accelerated clicks, feed proxies
    "_ga _gl _gac ga_source ga_medium ga_term ga_content ga_campaign gad_source gad_campaignid srsltid gws_rd usqp "
    # click ids of ad networks and shops (Outbrain, Taboola, LinkedIn, Pinterest, Reddit, Snap, Rakuten, CJ, Awin, …)
    "li_fat_id epik rdt_cid sccid scclid irclickid ranmid raneaid ransiteid cjevent awc tblci dicbo obclid obem "
    "wickedid rb_clickid fb_action_ids fb_action_types fb_ref fb_source fb_comment_id igsh mibextid "
    "__twitter_impression twitter_impression ref_src ref_url "
    # mail: HubSpot, Marketo, Vero, Omeda, MailerLite, Drip, Klaviyo, Campaign Monitor, Sailthru, Mailjet, ActiveCampaign
    "_hsenc _hsmi __hssc __hstc __hsfp hsctatracking mkt_tok vero_conv vero_id oly_anon_id oly_enc_id ml_subscriber "
    "ml_subscriber_hash __s _ke _kx ck_subscriber_id sailthru_source vgo_ee mailid sfmc_id sfmc_sub nltr "
    # web analytics: Adobe (s_cid, ICID, intcmp), AT Internet (xtor), Webtrekk, Matomo, comScore, Yandex, Branch, Cxense
    "s_cid s_kwcid ef_id icid icmp intcmp int_cmp int_cid intcid cmpid cmp_id cmpid ncid ocid ito xtor xtref xtmc "
    "wt_mc wt_zmc wt_mc_o wt.mc_id wt.mc_ev wt.tsrc wtmc wtrid piwik_campaign piwik_keyword piwik_kwd _openstat "
    "_branch_match_id _branch_referrer cx_navsource cx_artpos cx_experienceid cx_testid cx_testvariant "
    # publishers' share and module tags that several groups use, and Yahoo's consent round trip
    "smid smtyp soc_src soc_trk sharetype sharedfrom sh_kit guccounter guce_referrer guce_referrer_sig "
    "spm scm cm_sp cm_mmc cm_ven cm_cat cm_pla cm_ite cm_re cm_lm edtsign edtcode trk trkcampaign trkinfo "
    "feedtype feedname rpc rssfeed rss_lnk dlvrit taid referrersource campaign_id campaignid "
    "_amp_variant amp_js_v amp_gsa gaa_at gaa_n gaa_ts gaa_sig".split()
)

# Families: every name with such a beginning. Each is one tool's own prefix.
_PREFIXES = (
    "utm_",  # Google Analytics
    "hsa_",  # HubSpot Ads
    "pk_",  # Piwik
    "mtm_",  # Matomo
    "matomo_",
    "at_",  # AT Internet, Piano Analytics (at_medium, at_campaign, at_custom1, at_ptr_name …)
    "itm_",  # "internal utm"
    "ns_",  # comScore (ns_mchannel, ns_source, ns_campaign)
    "guce_",
    "__hs",
    "aspsessionid",  # ASP, with a random rest of the name
    "_bta_",  # Bronto
    "trk_",
    "pd_rd_",
    "pf_rd_",
)

# Names that carry a channel on some sites and content on others: folded only where the value is such a word.
_CHANNEL_NAMES = frozenset(
    "ref r src source from via ch chan channel mod cmp camp campaign cid origin partner referer referrer refer "
    "rf rsf sr_share output_source share shared sharing spref shem cds lo oref p1 platform medium traffic_source".split()
)
# Two-letter channels (tw, li, nl) are country and language codes too: they count only before a separator.
_CHANNEL = re.compile(
    r"(?:rss2?|feed|atom|twitter|tweet|t\.co|facebook|fb|instagram|linkedin|whatsapp|telegram|reddit|"
    r"pinterest|tiktok|mastodon|bluesky|flipboard|googlenews|gnews|applenews|smartnews|newsletter|e?mail|"
    r"share|shared|social|soc|sns|push|sms|dlvr|dlvrit|buffer|hootsuite|outbrain|taboola|homepage|hp|copylink|"
    r"syndication|syn)(?:[-_.:+ ].{0,80}|[0-9]{0,2})|(?:tw|li|nl|ig|wa|tg)[-_.:].{1,80}",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[a-z]+(?:[-_.][a-z]+){0,6}", re.IGNORECASE)

# Session ids. The long names mean nothing else; the short ones only with a value that looks like a random token.
_SESSIONS = frozenset(
    "phpsessid jsessionid sessionid session_id sessid asp.net_sessionid cfid cftoken cfsessionid oscsid zenid "
    "xtcsid viewstate __viewstate".split()
)
_SHORT_SESSIONS = frozenset("sid s session sess ssid".split())
_TOKEN = re.compile(r"(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-z]{26})", re.IGNORECASE)


def is_click_tag(name: str) -> bool:
    """Tell whether a query parameter (its name, as written) is one that is not even sent."""
    if name.startswith("amp;"):  # "&amp;" escaped twice by a feed
        name = name[4:]
    name = name.lower()
    return name in _CLICK_TAGS or name.startswith(_CLICK_PREFIXES)


def is_tracking(name: str, value: str, *, page_named: bool) -> bool:
    """Tell whether a query parameter says nothing about which page this is.

    `name` in lower case, `value` unescaped. `page_named`: the URL names its page without the query (a dated path, a
    slug, a file that is no script), so that a doubtful parameter is rather a tag than an id.

    >>> is_tracking("ref", "rss", page_named=False), is_tracking("ref", "12345", page_named=True)
    (True, False)
    """
    if name in _TRACKING or name in _CLICK_TAGS or name.startswith(_PREFIXES):
        return True
    if name in _SESSIONS:
        return True
    if name in _SHORT_SESSIONS:
        return page_named and _TOKEN.fullmatch(value) is not None
    if name in _CHANNEL_NAMES and value:
        if _CHANNEL.fullmatch(value):
            return True
        return name in {"ref", "cmp"} and page_named and _WORDS.fullmatch(value) is not None
    return name == "rss" and value.lower() in {"", "1", "true", "yes"}
