"""Records to text for people: nothing here decides anything."""
