use std::{io, net::TcpStream};

use super::*;

#[test]
fn a_failure_is_shown_as_text_with_its_sources() {
    fn fails() -> Result<(), Failure> {
        Err("usage: pool URL COUNT")?;
        Ok(())
    }
    assert_eq!(format!("{:?}", fails().unwrap_err()), "usage: pool URL COUNT");
    let refused: smtp_driver::Error<io::Error> =
        smtp_driver::Error::Connect(TcpStream::connect("127.0.0.1:0").unwrap_err());
    let shown = format!("{:?}", Failure::from(refused));
    assert!(
        shown.starts_with("cannot connect: ") && !shown.contains('{'),
        "{shown}"
    );
}
