"""What a query carries that does not say which page it is: campaigns, click ids, shares, sessions.

Sources: the parameter lists of Firefox (query stripping), AdGuard (URL tracking filter), Brave, ClearURLs and Neat URL
agree on most of these; the tools' own manuals for the rest. Left out on purpose: names that some CMS uses for content
(`id`, `page`, `p`, `q`, `tag`, `category`, `lang`, `v`, `story`, `section`, `date`, `view`, …).
"""

from __future__ import annotations

import re
from enum import Enum


class Needs(Enum):
    """What must name the page besides a parameter, before that parameter is taken for a tag."""

    NOTHING = "nothing"  # it is a tag wherever it stands
    ANOTHER = "another"  # the path, or another parameter
    PATH = "path"  # the path: a dated one, a slug, a file that is no script


def _names(*rows: tuple[str, str]) -> frozenset[str]:
    """Return the names of a table of (whose they are, names in lower case)."""
    return frozenset(name for _, names in rows for name in names.split())


# Tags that are put on by whoever spreads a link, and that no server answers by: they are not even sent.
_CLICK_TAGS = _names(
    ("Facebook, Google Ads", "fbclid gclid gclsrc dclid gbraid wbraid"),
    ("Microsoft, Yandex, Twitter, TikTok, Instagram", "msclkid yclid ysclid twclid ttclid igshid"),
    ("MailChimp", "mc_cid mc_eid"),
)
_CLICK_PREFIXES = ("utm_",)

# Names that are tracking wherever they occur: folded in the key.
_TRACKING = _names(
    ("Google Analytics across domains", "_ga _gl _gac ga_source ga_medium ga_term ga_content ga_campaign"),
    ("Google Ads, merchant listings, redirects", "gad_source gad_campaignid srsltid gws_rd"),
    ("Google AMP and Subscribe with Google", "usqp amp_js_v amp_gsa gaa_at gaa_n gaa_ts gaa_sig"),
    ("LinkedIn, Pinterest, Reddit, Snapchat", "li_fat_id epik rdt_cid sccid scclid"),
    ("Rakuten, Impact, CJ, Awin", "irclickid ranmid raneaid ransiteid cjevent awc"),
    ("Taboola, Outbrain, Wicked Reports, Redbrain", "tblci dicbo obclid obem wickedid rb_clickid"),
    ("Facebook", "fb_action_ids fb_action_types fb_ref fb_source fb_comment_id mibextid"),
    ("Instagram, Twitter", "igsh __twitter_impression twitter_impression ref_src ref_url"),
    ("HubSpot, Marketo", "_hsenc _hsmi hsctatracking mkt_tok"),
    ("Vero, Omeda, MailerLite", "vero_conv vero_id oly_anon_id oly_enc_id ml_subscriber ml_subscriber_hash"),
    (
        "Drip, Klaviyo, ConvertKit, Sailthru, Salesforce",
        "__s _ke _kx ck_subscriber_id sailthru_source sfmc_id sfmc_sub",
    ),
    ("other mailing tools", "vgo_ee mailid nltr"),
    ("Adobe Analytics", "s_cid s_kwcid ef_id icid icmp intcmp int_cmp int_cid intcid cmpid cmp_id"),
    ("AT Internet", "xtor xtref xtmc"),
    ("Webtrekk, Webtrends", "wt_mc wt_zmc wt_mc_o wt.mc_id wt.mc_ev wt.tsrc wtmc wtrid"),
    (
        "Piwik, Yandex Metrika, Branch",
        "piwik_campaign piwik_keyword piwik_kwd _openstat _branch_match_id _branch_referrer",
    ),
    ("Cxense", "cx_navsource cx_artpos cx_experienceid cx_testid cx_testvariant"),
    ("IBM Coremetrics", "cm_sp cm_mmc cm_ven cm_cat cm_pla cm_ite cm_re cm_lm"),
    ("share and module tags of large publishers", "smid smtyp ncid ocid ito taid rpc maca sharetype sharedfrom sh_kit"),
    ("Yahoo and its consent round trip", "soc_src soc_trk guccounter guce_referrer guce_referrer_sig"),
    ("Alibaba, Sohu", "spm scm edtsign edtcode"),
    ("feeds", "feedtype feedname rssfeed rss_lnk dlvrit"),
    ("campaigns in general", "trk trkcampaign trkinfo campaign_id campaignid referrersource"),
)
# Of these, the ones that some CMS may have chosen for what they look like: the number of a page. A bare number is a tag
# only behind a path that names the page.
_LIKE_AN_ID = _names(
    ("publishers", "smid ncid ocid ito taid rpc"),
    ("campaigns", "s_cid icid icmp intcmp int_cmp int_cid intcid cmpid cmp_id campaign_id campaignid trk mailid scm"),
    ("sessions", "sessionid session_id sessid"),
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

# Tags with one form of value, behind a path that names the page.
_FORMS = {
    "gi": re.compile("[0-9a-f]{12}"),  # Medium, put on by its round trip through medium.com
    "_r": re.compile("[0-9]"),  # The New York Times, 2011 to 2017
    "rss": re.compile("|1|true|yes"),  # without such a path it may ask for the feed of a section
}
# TYPO3's checksum over the parameters beside it: it says nothing that they do not say.
_CHECKSUM = re.compile("[0-9a-f]{10,64}", re.IGNORECASE)

# Names that carry a channel on some sites and content on others: folded only where the value is such a word.
_CHANNEL_NAMES = _names(
    ("where the click came from", "ref r src source from via origin referer referrer refer rf rsf oref p1 platform"),
    ("through which channel", "ch chan channel mod medium traffic_source cmp camp campaign cid partner cds lo"),
    ("a share button", "sr_share output_source share shared sharing spref shem"),
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
_SESSIONS = _names(
    ("PHP, Java, ASP.NET", "phpsessid jsessionid asp.net_sessionid viewstate __viewstate"),
    ("ColdFusion", "cfid cftoken cfsessionid"),
    ("shops and CMSs", "sessionid session_id sessid oscsid zenid xtcsid"),
)
_SHORT_SESSIONS = _names(("phpBB, vBulletin and others", "sid s session sess ssid"))
_TOKEN = re.compile(r"(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-z]{26})", re.IGNORECASE)


def is_click_tag(name: str) -> bool:
    """Tell whether a query parameter (its name, as written) is one that is not even sent."""
    name = name.removeprefix("amp;").lower()  # "&amp;" escaped twice by a feed
    return name in _CLICK_TAGS or name.startswith(_CLICK_PREFIXES)


def tag_needs(name: str, value: str) -> Needs | None:
    """Return what makes a query parameter a tag that says nothing about which page this is; None if it is none.

    `name` in lower case, `value` unescaped.

    >>> tag_needs("ref", "rss"), tag_needs("ref", "politics"), tag_needs("ref", "12345")
    (<Needs.NOTHING: 'nothing'>, <Needs.ANOTHER: 'another'>, None)
    """
    if name in _CLICK_TAGS:
        return Needs.NOTHING
    if name in _TRACKING or name in _SESSIONS or name.startswith(_PREFIXES):
        return Needs.PATH if name in _LIKE_AN_ID and value.isdecimal() else Needs.NOTHING
    if name in _SHORT_SESSIONS:
        return Needs.ANOTHER if _TOKEN.fullmatch(value) else None
    if name in _CHANNEL_NAMES and value:
        if _CHANNEL.fullmatch(value):
            return Needs.NOTHING
        return Needs.ANOTHER if name in {"ref", "oref", "cmp"} and _WORDS.fullmatch(value) else None
    if name in _FORMS:
        return Needs.PATH if _FORMS[name].fullmatch(value.lower()) else None
    return Needs.NOTHING if name == "chash" and _CHECKSUM.fullmatch(value) else None
