"""Whatever reads foreign bytes, given bytes that are nearly right: refused in words, or taken, and never more."""
