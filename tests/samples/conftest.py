from tests.stack import running_stack

__all__ = ["running_stack"]
