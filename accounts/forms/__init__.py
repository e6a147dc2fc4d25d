from .account import AccountForm
from .keys import KeyForm, NewKeyForm
from .rotation import RotateForm

__all__ = ["AccountForm", "KeyForm", "NewKeyForm", "RotateForm"]
