"""Programs that benches run as users do."""
