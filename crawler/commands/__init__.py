"""The crawler room's commands. Arguments in, one call, messages out."""
