//! What identity providers send beside the standard, turned into the standard. The one place that knows.
