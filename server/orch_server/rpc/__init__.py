"""gRPC servicers: convert, call a use case, convert back. One error map."""
