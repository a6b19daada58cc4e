"""`morgue doctor`: is this machine fit for an archive, and is the archive set up so that it goes on by itself.

What a check reads of the machine is a frozen value; what it says of that is a pure function, `Finding`s out. What is kept
is another question: `morgue fsck` holds it against what was written.
"""
