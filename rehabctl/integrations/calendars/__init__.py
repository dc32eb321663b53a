"""iCalendar files of appointments and of busy times."""
