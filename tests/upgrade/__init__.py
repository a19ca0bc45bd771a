"""What earlier versions wrote, read by this one; clients of earlier contracts, answered by this server."""
