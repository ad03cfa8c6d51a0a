// The same on each runtime, of which there are `Client`, `Session`, `adopt`, `block_on` and `spawn_blocking`.

use std::sync::{Arc, mpsc};

use event_listener::Event;
use futures_lite::future::or;
use smtp_async_std::{Error, SendError, serve};
use smtp_proto::{Step, client::Receipt};
use smtp_tests::scenarios::{Adapter, Done, Errand, Message, Running, Site, Todo, Way};

struct Runtime;

smtp_tests::scenarios!(Runtime);

impl Adapter for Runtime {
    fn serve(listener: std::net::TcpListener, site: Site) -> Running {
        let stop = Arc::new(Event::new());
        let stopped = stop.listen();
        let serving = move || {
            block_on(async move {
                listener.set_nonblocking(true)?;
                let listener = adopt(listener);
                let (config, options) = (Arc::clone(&site.config), site.options.clone());
                let site = Arc::new(site);
                serve(listener, config, options, stopped, move |session| {
                    converse(session, Arc::clone(&site))
                })
                .await
            })
        };
        let tell = move || {
            stop.notify(1);
        };
        Running::new(tell, serving)
    }

    fn send(errand: Errand) -> Result<Receipt, SendError> {
        block_on(async {
            let receipt = Receipt::new(&errand.envelope);
            let mut client = match connect(&errand).await {
                Ok(client) => client,
                Err(error) => return Err(SendError::new(error, receipt)),
            };
            let sent = match errand.message {
                Message::Memory(message) => client.send(errand.envelope, &message).await,
                Message::Reader(message) => client.send_from(errand.envelope, &message[..]).await,
            };
            if sent.is_ok() {
                let _ = client.quit().await;
            }
            sent
        })
    }
}

async fn connect(errand: &Errand) -> Result<Client, Error> {
    let config = errand.config.clone();
    match &errand.way {
        Way::Clear => Client::connect(errand.address, config).await,
        Way::StartTls(tls) => Client::connect_with_tls(errand.address, config, tls.clone()).await,
        Way::Implicit(tls) => Client::connect_over_tls(errand.address, config, tls).await,
    }
}

/// One session of the server.
async fn converse(mut session: Session, site: Arc<Site>) {
    let mut application = (site.applications)();
    let (answer, answers) = mpsc::channel::<Done>();
    let answered = Arc::new(Event::new());
    if let (true, Some(tls)) = (site.options.implicit_tls, &site.tls) {
        session.start_implicit_tls(tls).await;
    }
    loop {
        let news = answered.listen();
        if let Ok(done) = answers.try_recv() {
            done.tell(session.machine_mut());
        }
        let (step, server) = session.poll();
        let todo = match step {
            Step::Event(event) => application.see(event, server),
            Step::Wait(wait) => {
                or(session.wait(wait), news).await;
                continue;
            }
        };
        match (todo, &site.tls) {
            (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls).await,
            (Todo::Work(work), _) => spawn_blocking(|| work.run()).await.tell(session.machine_mut()),
            (Todo::Later(work), _) => {
                let (answer, answered) = (answer.clone(), Arc::clone(&answered));
                drop(std::thread::spawn(move || {
                    let _ = answer.send(work.run());
                    answered.notify(usize::MAX);
                }));
            }
            (Todo::Close, _) => break,
            (Todo::Nothing | Todo::StartTls(_), _) => {}
        }
    }
    session.close().await;
}
