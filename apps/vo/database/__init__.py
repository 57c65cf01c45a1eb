"""The third and fourth defence: connections that can only read what is published, with a clock."""
