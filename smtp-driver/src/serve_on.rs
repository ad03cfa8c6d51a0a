//! The functions of an adapter that serve.

/// Defines the functions by which an adapter serves on an asynchronous runtime, so that they are the same in each: the type
/// `Runtime` and the functions `serve`, `serve_until` and `serve_sessions`.
///
/// The crate has this one under the name `driver`. The types are those of [`Runtime`](crate::Runtime): `listener` can be created
/// from a [`Listener`](crate::Listener) with `TryFrom`. `spawn` starts a task, and `sleep` returns a future that waits.
#[macro_export]
macro_rules! serve_on {
    (listener: $acceptor:ty, transport: $transport:ty, spawn: $spawn:expr, sleep: $sleep:expr) => {
        /// The [`driver::Runtime`](crate::driver::Runtime) of this runtime: accepting, spawning and sleeping. Each adapter has
        /// a type of this name.
        #[derive(Clone, Copy, Debug)]
        #[non_exhaustive]
        pub struct Runtime;

        impl $crate::Runtime for Runtime {
            type Listener = $acceptor;
            type Transport = $transport;

            async fn accept(
                acceptor: &$acceptor,
            ) -> ::std::io::Result<($transport, $crate::Peer, $crate::Peer)> {
                acceptor.accept().await
            }

            fn spawn(task: impl ::std::future::Future<Output = ()> + Send + 'static) {
                $spawn(task);
            }

            async fn sleep(time: ::std::time::Duration) {
                $sleep(time).await;
            }
        }

        /// Accepts connections and runs the service on each, with the default
        /// [`ServeOptions`](crate::driver::ServeOptions), until the future is dropped. [`serve_until`] has options and a
        /// graceful shutdown.
        ///
        /// # Errors
        ///
        /// - [`InvalidInput`](::std::io::ErrorKind::InvalidInput) if the configuration offers STARTTLS and the options have no
        ///   TLS settings;
        /// - if the runtime does not accept the listener.
        ///
        /// Errors of connections are logged.
        pub async fn serve(
            listener: impl Into<$crate::Listener>,
            config: impl Into<::std::sync::Arc<$crate::proto::server::Config>>,
            service: impl $crate::Service + 'static,
        ) -> ::std::io::Result<()> {
            let options = $crate::ServeOptions::default();
            serve_until(listener, config, options, ::std::future::pending(), service).await
        }

        /// Accepts connections and runs the service on each, until `stop` is ready. Then each session finishes its current
        /// transaction. [`driver::serve`](crate::driver::serve) has the details.
        ///
        /// # Errors
        ///
        /// - [`InvalidInput`](::std::io::ErrorKind::InvalidInput) if the configuration offers STARTTLS and the options have no
        ///   TLS settings;
        /// - if the runtime does not accept the listener.
        ///
        /// Errors of connections are logged.
        pub async fn serve_until(
            listener: impl Into<$crate::Listener>,
            config: impl Into<::std::sync::Arc<$crate::proto::server::Config>>,
            options: $crate::ServeOptions,
            stop: impl ::std::future::Future<Output = ()>,
            service: impl $crate::Service + 'static,
        ) -> ::std::io::Result<()> {
            let (acceptor, service) = (listener.into().try_into()?, ::std::sync::Arc::new(service));
            $crate::serve::<Runtime, _>(acceptor, config.into(), options, stop, service).await
        }

        /// Accepts connections and runs `session` on each, in a task of its own, until `stop` is ready.
        /// [`driver::serve_sessions`](crate::driver::serve_sessions) has the details.
        ///
        /// `session` is a loop of your own: see [`driver::Session`](crate::driver::Session). End the loop with
        /// [`close`](crate::driver::Session::close).
        ///
        /// # Errors
        ///
        /// If the runtime does not accept the listener. Errors of connections are logged.
        pub async fn serve_sessions<F: ::std::future::Future<Output = ()> + Send + 'static>(
            listener: impl Into<$crate::Listener>,
            config: impl Into<::std::sync::Arc<$crate::proto::server::Config>>,
            options: $crate::ServeOptions,
            stop: impl ::std::future::Future<Output = ()>,
            session: impl Fn($crate::Session<$transport>) -> F,
        ) -> ::std::io::Result<()> {
            let acceptor = listener.into().try_into()?;
            $crate::serve_sessions::<Runtime, F>(acceptor, config.into(), options, stop, session).await;
            Ok(())
        }
    };
}
