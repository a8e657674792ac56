"""What messages are made of: their parts, calendars and cards in them, saved pages, mailboxes."""
