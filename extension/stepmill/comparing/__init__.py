"""What distinguishes runs: from the facts of runs to one record. Pure: nothing is read or loaded here."""
