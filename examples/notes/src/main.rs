//! The server: `cargo run -p notes`, then <http://localhost:3000>.

use std::{io, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use notes::{
    app::App,
    config::{self, Config},
    keys::Keys,
    operations,
};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let config = match config::read() {
        Ok(Some(config)) => config,
        Ok(None) => {
            print!("{}", config::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("notes: {error:#}");
            return ExitCode::from(2);
        }
    };
    match serve(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("notes: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let app = App::open(config)?;
    let (server, operations_server) =
        (bind(config.port, "PORT").await?, bind(config.operations_port, "OPERATIONS_PORT").await?);
    // `localhost`, because browsers keep a Secure cookie for it over http.
    println!("Open http://localhost:{}", server.local_addr()?.port());
    println!("Operations: http://localhost:{}/metrics", operations_server.local_addr()?.port());

    tokio::spawn(follow(Arc::clone(&app.keys)));
    let stopping = app.stopping.clone();
    tokio::spawn(async move {
        match stop().await {
            Ok(()) => drop(stopping.send_replace(true)),
            Err(error) => tracing::error!(%error, "no signal will stop this server cleanly"),
        }
    });
    let operations = operations::router(app.list.clone(), metrics);
    tokio::spawn(axum::serve(operations_server, operations).into_future());
    let mut stopping = app.stopping.subscribe();
    axum::serve(server, app.router())
        // The requests that have begun are completed.
        .with_graceful_shutdown(async move {
            // An error means that no sender is left: then the server stops, too.
            let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
        })
        .await?;
    println!("Stopped.");
    Ok(())
}

async fn bind(port: u16, variable: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("port {port} cannot be used; set {variable}"))
}

/// Reads the secrets again within a second after another server or an operator has changed them.
async fn follow(keys: Arc<Keys>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        match keys.reload_if_changed() {
            Ok(true) => tracing::info!("the secrets were read again"),
            Ok(false) => {}
            Err(error) => tracing::error!("the old secrets stay: {error:#}"),
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
#[cfg(unix)]
async fn stop() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
