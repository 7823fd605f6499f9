//! Doing a kept request again: first as a dry run that shows the difference, then for good.
