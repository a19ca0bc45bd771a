"""What runs by itself: scheduler, lease sweeper, late marking, retention."""
