//! The scenarios that every adapter must pass, on both runtimes.

/// Makes the adapter of a runtime and its scenarios.
macro_rules! scenarios_on {
    ($module:ident, $block_on:path, $unblock:path) => {
        mod $module {
            use std::{
                net::TcpListener,
                sync::{Arc, mpsc},
                thread,
            };

            use event_listener::Event;
            use futures_lite::future::or;
            use smtp_async_std::{Client, Error, Reader, SendError, Session, $module::serve_sessions};
            use smtp_proto::{Step, client::Receipt};
            use smtp_tests::scenarios::{Adapter, Done, Errand, Message, Running, Site, Todo, Way};

            struct Runtime;

            smtp_tests::scenarios!(Runtime);

            impl Adapter for Runtime {
                fn serve(listener: TcpListener, site: Site) -> Running {
                    let stop = Arc::new(Event::new());
                    let stopped = stop.listen();
                    let serving = move || {
                        $block_on(async move {
                            let (config, options) = (Arc::clone(&site.config), site.options.clone());
                            let site = Arc::new(site);
                            serve_sessions(listener, config, options, stopped, move |session| {
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
                    $block_on(async {
                        let receipt = Receipt::new(&errand.envelope);
                        let mut client = match connect(&errand).await {
                            Ok(client) => client,
                            Err(error) => return Err(SendError::new(error, receipt)),
                        };
                        let sent = match errand.message {
                            Message::Memory(message) => client.send(errand.envelope, &message).await,
                            Message::Reader(message) => {
                                client
                                    .send_from(errand.envelope, Reader(&message[..]))
                                    .await
                            }
                        };
                        if sent.is_ok() {
                            let _ = client.quit().await;
                        }
                        sent
                    })
                }
            }

            async fn connect(errand: &Errand) -> Result<Client, Error> {
                let builder = Client::builder(errand.config.clone());
                match &errand.way {
                    Way::Clear => builder,
                    Way::StartTls(tls) => builder.starttls(tls.clone()),
                    Way::Implicit(tls) => builder.implicit_tls(tls.clone()),
                }
                .connect(errand.address)
                .await
            }

            /// Runs one session of the server.
            async fn converse(mut session: Session, site: Arc<Site>) {
                let mut application = (site.applications)();
                let (answer, answers) = mpsc::channel::<Done>();
                let answered = Arc::new(Event::new());
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
                        (Todo::StartTls(upgrade), Some(tls)) => session.start_tls(upgrade, tls),
                        (Todo::Work(work), _) => $unblock(|| work.run()).await.tell(session.machine_mut()),
                        (Todo::Later(work), _) => {
                            let (answer, answered) = (answer.clone(), Arc::clone(&answered));
                            drop(thread::spawn(move || {
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
        }
    };
}

#[cfg(feature = "async-std")]
scenarios_on!(
    async_std,
    async_std::task::block_on,
    async_std::task::spawn_blocking
);

#[cfg(feature = "smol")]
scenarios_on!(smol, smol::block_on, smol::unblock);
