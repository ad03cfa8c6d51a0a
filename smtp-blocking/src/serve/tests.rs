use smtp_proto::{server::Closed, types::Host};

use super::*;

#[test]
fn a_session_that_cannot_say_421_ends_when_all_of_the_time_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut stream, peer) = listener.accept().unwrap();
    // Nothing more goes into this stream, for the peer never reads.
    stream.set_nonblocking(true).unwrap();
    while stream.write(&[0; 1 << 16]).is_ok() {}
    let mut config = Config::new(Host::parse("mx.example").unwrap());
    config.timeouts.write = FAREWELL * 1000;
    let (finish, gracefully) = Bell::new().unwrap();
    let (end, now) = Bell::new().unwrap();
    let (give_up, over) = Bell::new().unwrap();
    let mut session = Session {
        connection: Connection::new(Stream::clear(stream), Server::new(config.into())),
        peer,
        local: peer,
        orders: Arc::new(Orders {
            gracefully,
            now,
            over,
        }),
        obeyed: None,
    };
    let (tell, told) = std::sync::mpsc::channel();
    let talking = thread::spawn(move || {
        loop {
            match session.poll().0 {
                Step::Wait(wait) => {
                    session.wait(wait);
                    tell.send(session.obeyed).unwrap();
                }
                Step::Event(Event::Closed(why)) => return (why, session.take_error()),
                Step::Event(_) => {}
            }
        }
    });
    finish.ring();
    while told.recv().unwrap() != Some(Shutdown::Gracefully) {}
    end.ring();
    while told.recv().unwrap() != Some(Shutdown::Now) {}
    give_up.ring();
    let (why, error) = talking.join().unwrap();
    assert_eq!(why, Closed::Shutdown);
    assert_eq!(error.unwrap().kind(), io::ErrorKind::TimedOut);
}
