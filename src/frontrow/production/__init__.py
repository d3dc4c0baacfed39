"""Where and when to shoot: sheet, schedule, ledger."""
