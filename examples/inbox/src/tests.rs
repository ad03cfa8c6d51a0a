//! The whole program over loopback: SMTP in, HTTP out.

mod api;
mod harness;
mod hostile;
mod smtp;
