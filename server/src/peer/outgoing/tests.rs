use super::*;

fn path(remote: u16) -> Path {
    Path {
        local: ([127, 0, 0, 1], 8189).into(),
        remote: ([127, 0, 0, 1], remote).into(),
    }
}

fn queue(datagrams: &[(u16, usize)]) -> Outgoing {
    let mut out = Outgoing::default();
    for (remote, length) in datagrams {
        out.push(path(*remote), &vec![7; *length]);
    }
    out
}

/// Lengths of the trains and of their segments.
fn trains(mut out: Outgoing) -> Vec<(usize, usize)> {
    let mut trains = Vec::new();
    out.send(|train| {
        trains.push((train.bytes.len(), train.segment));
        train.bytes.len()
    });
    trains
}

/// Lets the first train go.
fn one(out: &mut Outgoing) {
    let mut room = true;
    out.send(|train| {
        if std::mem::take(&mut room) {
            train.bytes.len()
        } else {
            0
        }
    });
}

#[test]
fn equal_datagrams_and_a_shorter_last_one_leave_together() {
    let out = queue(&[(1, 100), (1, 100), (1, 40), (1, 100), (1, 120)]);
    assert_eq!(trains(out), [(240, 100), (100, 100), (120, 120)]);
}

#[test]
fn another_path_is_another_train() {
    let out = queue(&[(1, 100), (2, 100), (2, 100), (1, 100)]);
    assert_eq!(trains(out), [(100, 100), (200, 100), (100, 100)]);
}

#[test]
fn datagrams_that_the_network_splits_leave_one_by_one() {
    let out = queue(&[(1, 1_453), (1, 1_453), (1, 1_452), (1, 1_452)]);
    assert_eq!(
        trains(out),
        [(1_453, 1_453), (1_453, 1_453), (2_904, 1_452)]
    );
}

#[test]
fn a_train_is_never_longer_than_the_kernel_takes() {
    assert_eq!(trains(queue(&[(1, 10); 65])), [(640, 10), (10, 10)]);
    assert_eq!(
        trains(queue(&[(1, 1200); 60])),
        [(54 * 1200, 1200), (6 * 1200, 1200)]
    );
}

#[test]
fn what_waits_is_known_by_its_mark() {
    let mut out = queue(&[(1, 100)]);
    let first = out.mark(path(1));
    out.push(path(2), &[1]);
    let second = out.mark(path(2));
    assert!(out.is_waiting(first));
    one(&mut out);
    assert!(!out.is_waiting(first) && out.is_waiting(second));
    assert_eq!(out.len(), 1);
    one(&mut out);
    assert!(!out.is_waiting(second));
    assert_eq!(out.len(), 0);
    assert!(!out.is_waiting(Mark::default()));
}

#[test]
fn the_rest_of_a_train_waits_for_its_turn() {
    let mut out = queue(&[(1, 100), (1, 100), (1, 50)]);
    out.send(|_| 200);
    assert_eq!(out.len(), 50);
    assert_eq!(trains(out), [(50, 100)]);
}

#[test]
fn where_one_address_is_jammed_the_others_go_on() {
    let mut out = queue(&[(1, 100), (1, 20), (2, 30)]);
    let other = Path {
        local: ([10, 0, 0, 1], 8189).into(),
        remote: path(3).remote,
    };
    out.push(other, &[1, 2, 3]);
    let mut sent = Vec::new();
    out.send(|train| {
        if train.path.local == other.local {
            sent.push(train.bytes.to_vec());
            return train.bytes.len();
        }
        0
    });
    assert_eq!(sent, [[1, 2, 3]]);
    assert_eq!(out.len(), 150);
}

#[test]
fn a_queue_that_never_empties_keeps_its_size() {
    let mut out = queue(&[(1, 1200), (2, 1200), (3, 1200)]);
    for round in 0..10_000_u16 {
        out.push(path(round), &[round as u8; 1200]);
        one(&mut out);
    }
    assert_eq!(out.len(), 3 * 1200);
    assert!(out.lanes[0].bytes.capacity() < 10 * 1200);
    let mut last = 0;
    out.send(|train| {
        last = train.bytes[0];
        train.bytes.len()
    });
    assert_eq!(last, 9_999_u16 as u8);
}

#[test]
fn a_rush_leaves_no_large_buffer_behind() {
    let mut out = queue(&[(1, 1200); 1000]);
    assert!(out.lanes[0].bytes.capacity() > KEPT);
    out.send(|train| train.bytes.len());
    assert!(out.lanes[0].bytes.capacity() <= KEPT);
}

#[test]
fn in_a_jam_only_frames_are_added() {
    let mut out = queue(&[(1, 1200); CROWDED / 1200 + 1]);
    let before = out.len();
    out.push(path(1), &[1]);
    assert_eq!(out.len(), before);
    let Ok(()) = out.write(path(1), |bytes| {
        bytes.push(1);
        Ok::<(), std::convert::Infallible>(())
    });
    assert_eq!(out.len(), before + 1);
}

#[test]
fn a_datagram_that_fails_leaves_nothing_behind() {
    let mut out = Outgoing::default();
    let result = out.write(path(1), |bytes| {
        bytes.extend([1, 2, 3]);
        Err("no")
    });
    assert_eq!(result, Err("no"));
    assert_eq!(out.len(), 0);
    assert!(trains(out).is_empty());
}
