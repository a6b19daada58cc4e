"""The archive room's commands, a module per family. Arguments in, one library call, messages out."""
