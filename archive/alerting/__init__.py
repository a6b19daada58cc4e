"""Telling what saved searches found and nobody was told yet. Sends nothing: who tells, and how, is the command's affair."""

from archive.alerting.look import News, NewsItem, look
from archive.alerting.told import Told, load_told, save_told

__all__ = ["News", "NewsItem", "Told", "load_told", "look", "save_told"]
