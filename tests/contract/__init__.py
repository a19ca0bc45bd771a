"""The Protobuf contract itself: its rules, and what it must go on saying."""
