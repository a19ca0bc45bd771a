"""What the benches compute from what they measure."""
