//! A service on each runtime.

/// Makes the test of a runtime's module.
macro_rules! service_on {
    ($module:ident, $block_on:path) => {
        mod $module {
            use std::{pin::pin, sync::mpsc};

            use futures_lite::future::{or, poll_once, zip};
            use smtp_async_std::{
                About, Accept, Bytes, Client, Listener, ServeOptions, Service, ShutdownHandle,
                $module::{serve, serve_until},
            };
            use smtp_proto::types::{Mail, Rcpt, Rejection};

            use crate::support::{bob, client_config, server_config};

            /// Reports each message.
            struct Catcher(mpsc::Sender<Vec<u8>>);

            impl Service for Catcher {
                type Mail = Vec<u8>;

                async fn mail(&self, _: &About, _: Mail<'static>) -> Result<Vec<u8>, Rejection> {
                    Ok(Vec::new())
                }

                async fn body(&self, message: &mut Vec<u8>, octets: Bytes) -> Result<(), Rejection> {
                    message.extend_from_slice(&octets);
                    Ok(())
                }

                async fn message(
                    &self,
                    message: &mut Vec<u8>,
                    _: &[Rcpt<'static>],
                ) -> Result<Accept, Rejection> {
                    self.0.send(message.clone()).unwrap();
                    Ok(Accept::text("caught"))
                }
            }

            async fn deliver(address: &str) {
                let builder = Client::builder(client_config());
                let mut client = builder.connect(address).await.unwrap();
                assert!(
                    client
                        .send(bob(), b"Hello\r\n")
                        .await
                        .unwrap()
                        .all_accepted()
                );
                client.quit().await.unwrap();
            }

            #[test]
            fn a_service_serves_until_it_is_stopped() {
                let listener = Listener::bind("127.0.0.1:0").unwrap();
                let address = listener.local().unwrap().to_string();
                let (caught, messages) = mpsc::channel();
                let (stop, options) = (ShutdownHandle::new(), ServeOptions::default());
                let server = serve_until(
                    listener,
                    server_config(),
                    options,
                    stop.clone(),
                    Catcher(caught),
                );
                let client = async {
                    deliver(&address).await;
                    stop.shut_down();
                };
                let (served, ()) = $block_on(zip(server, client));
                served.unwrap();
                assert_eq!(messages.iter().collect::<Vec<_>>(), [b"Hello\r\n"]);
            }

            #[test]
            fn without_a_stop_a_service_goes_on() {
                let listener = Listener::bind("127.0.0.1:0").unwrap();
                let address = listener.local().unwrap().to_string();
                let (caught, messages) = mpsc::channel();
                $block_on(async {
                    let mut server = pin!(serve(listener, server_config(), Catcher(caught)));
                    for _ in 0..2 {
                        let ended = async { panic!("{:?}", server.as_mut().await) };
                        or(deliver(&address), ended).await;
                    }
                    assert!(poll_once(server).await.is_none());
                });
                assert_eq!(messages.try_iter().count(), 2);
            }
        }
    };
}

#[cfg(feature = "async-std")]
service_on!(async_std, async_std::task::block_on);

#[cfg(feature = "smol")]
service_on!(smol, smol::block_on);
