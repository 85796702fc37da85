//! A server that cannot start says why, in one line, and ends with a failure.

use std::fs;
use std::net::{TcpListener, UdpSocket};

use anyhow::{Result, ensure};
use fanlight_tests::server::{Ports, Refusal, Server};

#[tokio::test]
async fn a_port_of_another_program_is_named() -> Result<()> {
    let ports = Ports::free()?;
    let _other = TcpListener::bind(ports.http)?;
    let refusal = Server::refused(ports, &["--source", "test"]).await?;
    one_line(&refusal, &[&ports.http.to_string(), "--listen"])
}

#[tokio::test]
async fn a_media_port_of_another_program_is_named() -> Result<()> {
    let ports = Ports::free()?;
    let _other = UdpSocket::bind(ports.rtc)?;
    let refusal = Server::refused(ports, &["--source", "test"]).await?;
    one_line(&refusal, &[&ports.rtc.to_string(), "in use"])
}

#[tokio::test]
async fn a_wrong_key_in_the_file_is_named_with_its_line() -> Result<()> {
    let file = std::env::temp_dir().join(format!("fanlight-wrong-{}.toml", std::process::id()));
    fs::write(&file, "fps = 30\nbitrat = 2000\n")?;
    let path = file.display().to_string();
    let refusal = Server::refused(Ports::free()?, &["--config", &path]).await;
    fs::remove_file(&file)?;
    one_line(&refusal?, &[&format!("{path}:2"), "bitrat", "bitrate"])
}

#[tokio::test]
async fn a_wrong_word_for_a_source_is_named() -> Result<()> {
    let refusal = Server::refused(Ports::free()?, &["--source", "webcam"]).await?;
    ensure!(!refusal.status.success(), "{refusal:?}");
    let said = refusal.lines.join("\n");
    ensure!(said.contains("webcam") && said.contains("v4l2:"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_missing_file_is_named() -> Result<()> {
    let missing = "/nowhere/fanlight.toml";
    let refusal = Server::refused(Ports::free()?, &["--config", missing]).await?;
    one_line(&refusal, &[missing])
}

/// It failed, and what it said is one line with all of these in it. (Log lines with levels may
/// stand before it.)
fn one_line(refusal: &Refusal, parts: &[&str]) -> Result<()> {
    ensure!(
        !refusal.status.success(),
        "it ended with success: {refusal:?}"
    );
    let errors: Vec<_> = refusal
        .lines
        .iter()
        .filter(|l| l.starts_with("fanlight: "))
        .collect();
    ensure!(errors.len() == 1, "not one line: {:?}", refusal.lines);
    let complete = parts
        .iter()
        .all(|part| errors.iter().all(|line| line.contains(part)));
    ensure!(complete, "{errors:?} lacks one of {parts:?}");
    Ok(())
}
