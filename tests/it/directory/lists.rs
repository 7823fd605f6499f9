//! Pages, totals and orders.
