"""Days as browsers write them (static/js/time.js): Nov 21, 2026, where Django has Nov. 21, 2026."""

DATE_FORMAT = "M j, Y"
DATETIME_FORMAT = "M j, Y, g:i A"
MONTH_DAY_FORMAT = "M j"
