//! A RouterOS hotspot.
