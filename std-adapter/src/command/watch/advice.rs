//! What a person is to do about what was seen.

use segmeter::core::drift::{Harm, Profile, Reasons, Signal};

use super::{Alarm, Summary};

/// Whether estimates are those of labels.
pub(super) fn is_learnt(profiles: &[Profile]) -> bool {
    profiles.iter().all(|profile| profile.calibration.is_learnt())
}

/// How much of the IoU is believed to be lost, and how sure that is: without labels nothing says that.
pub(super) fn loss(harm: &Harm, is_learnt: bool) -> String {
    // Nothing below 0: the IoU is not believed to have risen.
    let [lost, least, most] = [harm.lost, harm.least, harm.most].map(|loss| loss.to_f64().max(0.0));
    if is_learnt { format!("{lost:.2} (between {least:.2} and {most:.2})") } else { format!("{lost:.2}") }
}

/// Lines for the end.
pub(super) fn lines(summary: &Summary, profiles: &[Profile]) -> Vec<String> {
    let mut lines = Vec::new();
    let is_learnt = is_learnt(profiles);
    if let Some((frame, harm)) = &summary.worst {
        lines.push(format!(
            "IoU believed to be lost: {}, most of all at frame {frame}",
            loss(harm, is_learnt)
        ));
    }
    if let Some(alarm) = &summary.first_alarm {
        lines.extend(of_alarm(alarm));
    }
    for profile in profiles {
        let blind = Signal::ALL.iter().filter(|signal| profile.watching & signal.bit() == 0);
        let blind: Vec<&str> = blind.map(|signal| signal.name()).collect();
        let of =
            if profiles.len() > 1 { format!(" of class {}", profile.identity.class) } else { String::new() };
        if !blind.is_empty() {
            lines.push(format!(
                "not watched{of}, for the reference is too uneven: {} (learn from more drives, or say a shorter \
                 --false-alarm-interval)",
                blind.join(", ")
            ));
        }
    }
    if !is_learnt {
        lines.push(
            "the estimated IoU is the network's own word: labels of some frames (profile --labels) make it one to go by"
                .to_owned(),
        );
    }
    lines
}

fn of_alarm(alarm: &Alarm) -> Vec<String> {
    let Alarm { frame, conditions: reasons, .. } = alarm;
    let has = |condition: u8| reasons.conditions & condition != 0;
    let mut lines = Vec::new();
    if has(Reasons::HARM) {
        lines.push(format!(
            "what to do: use no mask from frame {frame} on; look at it, label some of the frames after it, and let \
             eval say what is lost"
        ));
    } else if (reasons.factory | reasons.site) != 0 {
        lines.push(format!(
            "what to do: look at frame {frame}; its codes are none of the profile's frames. Masks that are right all \
             the same: learn anew, with these frames as one more drive"
        ));
    }
    if has(Reasons::INVALID_RUN) {
        lines.push("what to do: see to the camera and to the way of its frames".to_owned());
    }
    lines
}
