//! A server in a loop, with a thread for each connection.

use std::{
    io::{self, Write},
    net::TcpListener,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use smtp_proto::{
    Step, TlsUpgrade,
    driver::{ConnectionLimiter, busy_reply},
    server::{Server, Shutdown},
};
use smtp_rustls::{
    rustls::{Connection, ServerConnection},
    server_facts,
};
use smtp_tests::scenarios::{Done, Running, Site, Todo};

use crate::wire::{Wire, nap};

const GRACEFULLY: u8 = 1;
const NOW: u8 = 2;

pub(crate) fn serve(listener: TcpListener, site: Site) -> Running {
    let stopping = Arc::new(AtomicU8::new(0));
    let stopped = Arc::clone(&stopping);
    Running::new(
        move || {
            stopping.fetch_max(GRACEFULLY, Ordering::SeqCst);
        },
        move || accept_all(listener, &Arc::new(site), &stopped),
    )
}

fn accept_all(listener: TcpListener, site: &Arc<Site>, stopped: &Arc<AtomicU8>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let options = &site.options;
    let places = Arc::new(Mutex::new(ConnectionLimiter::new(
        options.max_connections,
        options.max_connections_per_peer,
    )));
    while stopped.load(Ordering::SeqCst) == 0 {
        let Ok((mut socket, peer)) = listener.accept() else {
            nap();
            continue;
        };
        if !places.lock().unwrap().take(peer.ip()) {
            if !options.implicit_tls {
                let _ = socket.write(&busy_reply(Arc::clone(&site.config)));
            }
            continue;
        }
        let (site, stopped, places) = (Arc::clone(site), Arc::clone(stopped), Arc::clone(&places));
        thread::spawn(move || {
            let machine = Server::new(Arc::clone(&site.config));
            if let Ok(wire) = Wire::new(socket, machine) {
                let _ = catch_unwind(AssertUnwindSafe(|| converse(wire, &site, &stopped)));
            }
            places.lock().unwrap().leave(peer.ip());
        });
    }
    drop(listener);
    let begin = Instant::now();
    while places.lock().unwrap().taken() > 0 {
        if begin.elapsed() >= options.shutdown_grace {
            stopped.fetch_max(NOW, Ordering::SeqCst);
        }
        nap();
    }
    Ok(())
}

/// One session.
fn converse(mut wire: Wire<Server>, site: &Site, stopped: &AtomicU8) {
    let mut application = (site.applications)();
    let (answer, answers) = mpsc::channel::<Done>();
    if site.options.implicit_tls {
        let upgrade = wire.buffered.machine_mut().start_implicit_tls().unwrap();
        start_tls(&mut wire, upgrade, site, stopped);
    }
    loop {
        match stopped.load(Ordering::SeqCst) {
            0 => {}
            GRACEFULLY => wire.buffered.machine_mut().shutdown(Shutdown::Gracefully),
            _ => wire.buffered.machine_mut().shutdown(Shutdown::Now),
        }
        for done in answers.try_iter() {
            done.tell(wire.buffered.machine_mut());
        }
        let (step, server) = wire.poll();
        let todo = match step {
            Step::Event(event) => application.see(event, server),
            Step::Wait(wait) => {
                wire.wait(wait);
                continue;
            }
        };
        match todo {
            Todo::StartTls(upgrade) => start_tls(&mut wire, upgrade, site, stopped),
            Todo::Work(work) => work.run().tell(wire.buffered.machine_mut()),
            Todo::Later(work) => {
                let answer = answer.clone();
                thread::spawn(move || answer.send(work.run()));
            }
            Todo::Close => break,
            Todo::Nothing => {}
        }
    }
    wire.close();
}

fn start_tls(wire: &mut Wire<Server>, upgrade: TlsUpgrade, site: &Site, stopped: &AtomicU8) {
    let config = Arc::clone(site.tls.as_ref().unwrap());
    wire.tls = Some(Connection::Server(ServerConnection::new(config).unwrap()));
    let limit = site.config.timeouts.handshake;
    let shaken = wire.shake_hands(limit, || stopped.load(Ordering::SeqCst) != 0);
    let facts = wire.server_tls().map(server_facts);
    match (shaken, facts) {
        (Ok(true), Some(facts)) => wire.buffered.machine_mut().tls_established(upgrade, facts),
        // It is over in a moment, as the machine finds.
        (Ok(_), _) => wire.tls = None,
        (Err(error), _) if error.kind() == io::ErrorKind::TimedOut => wire.tls = None,
        (Err(error), _) => {
            wire.error = Some(error);
            wire.buffered.machine_mut().tls_failed(upgrade);
        }
    }
}
