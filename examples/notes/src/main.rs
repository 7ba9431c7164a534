//! The server: `cargo run -p notes`, then <http://localhost:3000>.

use std::{io, process::ExitCode, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusBuilder;
use notes::{
    app::App,
    config::{self, Config},
    failure::Failure,
    keys::Keys,
    operations,
};
use tokio::{net::TcpListener, sync::watch};
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
            eprintln!("notes: {error}");
            return ExitCode::from(2);
        }
    };
    match serve(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("notes: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &Config) -> Result<(), Failure> {
    let metrics = PrometheusBuilder::new().install_recorder().map_err(|e| e.to_string())?;
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
    let [app_stopped, operations_stopped] = [(); 2].map(|()| wait(app.stopping.subscribe()));
    // Both serve the requests that have begun, and no more.
    tokio::try_join!(
        async { axum::serve(server, app.router()).with_graceful_shutdown(app_stopped).await },
        async {
            axum::serve(operations_server, operations)
                .with_graceful_shutdown(operations_stopped)
                .await
        },
    )?;
    println!("Stopped.");
    Ok(())
}

async fn bind(port: u16, variable: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| format!("port {port} cannot be used: {error}; set {variable}").into())
}

/// Reads the secrets again within a second after another server or an operator has changed them.
async fn follow(keys: Arc<Keys>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        match keys.reload_if_changed() {
            Ok(true) => tracing::info!("the secrets were read again"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the secrets cannot be read; the old ones stay"),
        }
    }
}

async fn wait(mut stopping: watch::Receiver<bool>) {
    // An error means that no sender is left: then the server stops, too.
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
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
