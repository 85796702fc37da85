use super::*;
use crate::picture::Captured;
use rtc::rtcp::{
    packet::marshal, payload_feedbacks::full_intra_request::FirEntry,
    transport_feedbacks::transport_layer_nack::nack_pairs_from_sequence_numbers,
};
use std::time::{Duration, SystemTime};

const SSRC: u32 = 7;

fn parse(packets: &[Box<dyn Packet>]) -> Feedback {
    let said = Compound::parse(marshal(packets).unwrap()).unwrap();
    said.about(SSRC, 90_000)
}

fn nack(media_ssrc: u32, lost: &[u16]) -> Box<dyn Packet> {
    Box::new(TransportLayerNack {
        sender_ssrc: 1,
        media_ssrc,
        nacks: nack_pairs_from_sequence_numbers(lost),
    })
}

#[test]
fn feedback_is_understood() {
    let report = ReceptionReport {
        ssrc: SSRC,
        fraction_lost: 64,
        jitter: 900,
        total_lost: 12,
        ..ReceptionReport::default()
    };
    let feedback = parse(&[
        Box::new(ReceiverReport {
            ssrc: 1,
            reports: vec![report],
            ..Default::default()
        }),
        nack(SSRC, &[65_535, 0, 3]),
        Box::new(PictureLossIndication {
            sender_ssrc: 1,
            media_ssrc: SSRC,
        }),
    ]);
    assert!(feedback.key_frame);
    assert_eq!(feedback.lost, [65_535, 0, 3]);
    assert_eq!(
        feedback.reception,
        Some(Reception {
            lost: 0.25,
            jitter: 0.01,
            total_lost: 12,
            echo: None,
        })
    );

    let fir = FullIntraRequest {
        sender_ssrc: 1,
        media_ssrc: 0,
        fir: vec![FirEntry {
            ssrc: SSRC,
            sequence_number: 1,
        }],
    };
    assert!(parse(&[Box::new(fir)]).key_frame);
}

#[test]
fn the_clock_of_the_track_measures_its_jitter() {
    let report = ReceptionReport {
        ssrc: SSRC,
        jitter: 480,
        ..ReceptionReport::default()
    };
    let report = ReceiverReport {
        reports: vec![report],
        ..Default::default()
    };
    let said = Compound::parse(marshal(&[Box::new(report)]).unwrap()).unwrap();
    let reception = said.about(SSRC, 48_000).reception.unwrap();
    assert_eq!(reception.jitter, 0.01);
}

#[test]
fn a_report_tells_how_long_the_way_there_and_back_is() {
    let sent = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let echo = Echo {
        last_report: (ntp::from(sent) >> 16) as u32,
        delay: 1 << 15,
    };
    let after = |milliseconds| echo.round_trip(sent + Duration::from_millis(milliseconds));
    assert_eq!(after(750), Some(Duration::from_millis(250)));
    // Its clock runs fast, or it lies.
    assert_eq!(after(400), None);
}

#[test]
fn packets_that_came_twice_are_no_losses() {
    let report = ReceptionReport {
        ssrc: SSRC,
        total_lost: 0xff_fffe,
        ..ReceptionReport::default()
    };
    let report = ReceiverReport {
        reports: vec![report],
        ..Default::default()
    };
    assert_eq!(parse(&[Box::new(report)]).reception.unwrap().total_lost, 0);
}

#[test]
fn feedback_about_another_stream_is_left_out() {
    let pli = PictureLossIndication {
        sender_ssrc: 1,
        media_ssrc: SSRC + 1,
    };
    assert_eq!(
        parse(&[nack(SSRC + 1, &[1]), Box::new(pli)]),
        Feedback::default()
    );
}

#[test]
fn no_feedback_is_too_strange() {
    let whole = marshal(&[nack(SSRC, &[1, 2, 40]), nack(SSRC, &[9])]).unwrap();
    for length in 0..whole.len() {
        let _ = Compound::parse(BytesMut::from(&whole[..length]));
        for bit in 0..8 {
            let mut bent = whole.clone();
            bent[length] ^= 1 << bit;
            let _ = Compound::parse(bent).map(|said| said.about(SSRC, 90_000));
        }
    }
}

#[test]
fn sender_reports_map_rtp_times_to_capture_times() {
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    let at = Instant::now();
    let last = Moment {
        captured: Captured { at, wall },
        timestamp: 45_000,
    };
    let counts = Counts {
        packets: 5,
        octets: 500,
    };
    let now = at + Duration::from_millis(500);
    let mut packet = sender_report(now, SSRC, 48_000, last, counts).unwrap();

    let packets = unmarshal(&mut packet).unwrap();
    let report = packets[0].as_any().downcast_ref::<SenderReport>().unwrap();
    assert_eq!(
        report.ntp_time,
        ntp::from(wall + Duration::from_millis(500))
    );
    assert_eq!(report.rtp_time, 45_000 + 24_000);
    assert_eq!((report.packet_count, report.octet_count), (5, 500));
    assert!(packets[1].as_any().is::<SourceDescription>());
}
