from .account import AccountForm
from .keys import KeyForm, NewKeyForm, RotateForm

__all__ = ["AccountForm", "KeyForm", "NewKeyForm", "RotateForm"]
