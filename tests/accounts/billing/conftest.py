from tests.stripe_stand_in import stand_in

__all__ = ["stand_in"]
