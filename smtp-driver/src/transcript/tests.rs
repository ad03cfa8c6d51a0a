//! Transcripts of sessions.
