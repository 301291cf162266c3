/* Records that lie, and frames in any order. */
#include "hostile.h"

/* Makes a changed record one that is whole: CRC-32 (ISO-HDLC) of all but the last four bytes. */
static void seal(uint8_t *record, size_t length) {
    uint32_t crc = UINT32_MAX;
    for (size_t place = 0; place < length - 4; place++) {
        crc ^= record[place];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
        }
    }
    crc = ~crc;
    for (int place = 0; place < 4; place++) {
        record[length - 4 + place] = (uint8_t)(crc >> (8 * place));
    }
}

void records(void) {
    objects good = make(), other = make();
    uint8_t snapshot[SGM_SNAPSHOT_SIZE + 1], record[SGM_PROFILE_SIZE];
    uint32_t sequence = 0;
    sgm_quantiser quantiser;
    for (size_t length = 0; length < SGM_PROFILE_SIZE; length++) {
        uint8_t *cut = memory(length + 1, 0);
        memcpy(cut, profile, length);
        TRUE(sgm_monitor_init(other.monitor, sizeof *other.monitor, cut, length) < 0);
        TRUE(sgm_profile_quantiser(cut, length, &quantiser) < 0);
        free(cut);
    }
    for (size_t bit = 0; bit < 8 * SGM_PROFILE_SIZE; bit++) {
        memcpy(record, profile, sizeof record);
        record[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        TRUE(sgm_monitor_init(other.monitor, sizeof *other.monitor, record, sizeof record) < 0);
    }
    EXPECT(SGM_OK, sgm_monitor_save(good.monitor, 41, snapshot, SGM_SNAPSHOT_SIZE));
    EXPECT(SGM_ERROR_LENGTH, sgm_monitor_save(good.monitor, 41, snapshot, SGM_SNAPSHOT_SIZE + 1));
    EXPECT(SGM_ERROR_OVERLAP, sgm_monitor_save(good.monitor, 41, (uint8_t *)good.monitor, SGM_SNAPSHOT_SIZE));
    EXPECT(SGM_ERROR_KIND, sgm_monitor_restore(other.monitor, snapshot, SGM_SNAPSHOT_SIZE, &sequence));
    EXPECT(SGM_OK, sgm_monitor_init(other.monitor, sizeof *other.monitor, profile, sizeof profile));
    for (size_t bit = 0; bit < 8 * SGM_SNAPSHOT_SIZE; bit++) {
        snapshot[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        TRUE(sgm_monitor_restore(other.monitor, snapshot, SGM_SNAPSHOT_SIZE, &sequence) < 0);
        snapshot[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    TRUE(sequence == 0);
    EXPECT(SGM_ERROR_LENGTH, sgm_monitor_restore(other.monitor, snapshot, SGM_SNAPSHOT_SIZE - 1, &sequence));
    EXPECT(SGM_OK, sgm_monitor_restore(other.monitor, snapshot, SGM_SNAPSHOT_SIZE, &sequence));
    TRUE(sequence == 41);
    EXPECT(SGM_ERROR_LENGTH, sgm_monitor_packet(good.monitor, 0, snapshot, SGM_PACKET_SIZE + 1));
    /* Of another model: byte 8 is the first of its number. Then a value that cannot be, in a record that is whole. */
    memcpy(record, profile, sizeof record);
    record[8] ^= 1;
    seal(record, sizeof record);
    EXPECT(SGM_OK, sgm_monitor_init(other.monitor, sizeof *other.monitor, record, sizeof record));
    EXPECT(SGM_OK, sgm_monitor_save(good.monitor, 1, snapshot, SGM_SNAPSHOT_SIZE));
    EXPECT(SGM_ERROR_PROFILE, sgm_monitor_restore(other.monitor, snapshot, SGM_SNAPSHOT_SIZE, NULL));
    /* Whatever is in a record that is whole: it is refused, or watches. */
    int taken = 0;
    sgm_observation seen;
    for (size_t place = 8; place < SGM_PROFILE_SIZE - 4; place++) {
        memcpy(record, profile, sizeof record);
        record[place] = (uint8_t)(record[place] + 127);
        seal(record, sizeof record);
        if (sgm_monitor_init(other.monitor, sizeof *other.monitor, record, sizeof record) == SGM_OK) {
            sgm_status watched = SGM_OK;
            for (int frame = 0; frame < 3 && watched == SGM_OK; frame++) {
                watched = sgm_monitor_watch(other.monitor, other.sketch, other.table, codes, HEIGHT, WIDTH, NULL, &seen);
            }
            TRUE(watched == SGM_OK || watched == SGM_ERROR_SHAPE || watched == SGM_ERROR_MISMATCH);
            taken++;
        }
    }
    TRUE(taken > 100 && taken < SGM_PROFILE_SIZE - 100);
    drop(good);
    drop(other);
}

void frames(void) {
    objects good = make(), other = make();
    sgm_observation seen, again;
    sgm_verdict verdict;
    uint32_t site, blocks;
    uint8_t snapshot[SGM_SNAPSHOT_SIZE], one[SGM_PACKET_SIZE], two[SGM_PACKET_SIZE];
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_end(good.monitor, good.sketch, good.table, NULL, &seen));
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_push_row(good.monitor, codes, WIDTH));
    EXPECT(SGM_ERROR_SHAPE, sgm_monitor_begin(good.monitor, 0, WIDTH));
    EXPECT(SGM_ERROR_SHAPE, sgm_monitor_begin(good.monitor, HEIGHT, SGM_MAX_WIDTH + 1));
    EXPECT(SGM_ERROR_SHAPE, sgm_monitor_begin(good.monitor, HEIGHT + 1, WIDTH));
    EXPECT(SGM_ERROR_SHAPE,
           sgm_monitor_watch(good.monitor, good.sketch, good.table, codes, UINT32_MAX, UINT32_MAX, NULL, &seen));
    EXPECT(SGM_ERROR_OVERLAP, sgm_monitor_watch(good.monitor, good.sketch, good.table, good.sketch, HEIGHT, 8, NULL, &seen));
    EXPECT(SGM_OK, sgm_monitor_begin(good.monitor, HEIGHT, WIDTH));
    EXPECT(SGM_ERROR_LENGTH, sgm_monitor_push_row(good.monitor, codes, WIDTH - 1));
    EXPECT(SGM_ERROR_LENGTH, sgm_monitor_push_row(good.monitor, codes, SIZE_MAX));
    EXPECT(SGM_OK, sgm_monitor_push_row(good.monitor, codes, WIDTH));
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_end(good.monitor, good.sketch, good.table, NULL, &seen));
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_push_row(good.monitor, codes, WIDTH));
    EXPECT(SGM_OK, sgm_monitor_begin(good.monitor, HEIGHT, WIDTH));
    for (int row = 0; row < HEIGHT; row++) {
        EXPECT(SGM_OK, sgm_monitor_push_row(good.monitor, codes + row * WIDTH, WIDTH));
        EXPECT(SGM_OK, sgm_sketch_push_row(good.sketch, codes + row * WIDTH, NULL, WIDTH, SGM_IGNORE));
    }
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_push_row(good.monitor, codes, WIDTH));
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_restore(good.monitor, snapshot, sizeof snapshot, NULL));
    EXPECT(SGM_OK, sgm_monitor_end(good.monitor, good.sketch, good.table, NULL, &seen));
    TRUE(seen.invalid == SGM_VALID && seen.has_estimate == 1 && seen.estimate.low <= seen.estimate.high);
    /* At once it is the same frame. */
    EXPECT(SGM_OK, sgm_monitor_watch(other.monitor, other.sketch, other.table, codes, HEIGHT, WIDTH, NULL, &again));
    TRUE(memcmp(seen.signals, again.signals, sizeof seen.signals) == 0);
    /* Invalid frames in a row are an alarm, which can be acknowledged, but not without. */
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_acknowledge(other.monitor));
    EXPECT(SGM_ERROR_NAME, sgm_monitor_miss(other.monitor, SGM_VALID, &verdict));
    for (int frame = 0; frame < 12; frame++) {
        EXPECT(SGM_OK, sgm_monitor_miss(other.monitor, SGM_INVALID_MISSING, &verdict));
    }
    TRUE(verdict.state == SGM_STATE_ALARM && (verdict.conditions & SGM_CONDITION_INVALID_RUN) != 0);
    EXPECT(SGM_OK, sgm_monitor_acknowledge(other.monitor));
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_seal_site(other.monitor));
    EXPECT(SGM_OK, sgm_monitor_capture_site(other.monitor));
    EXPECT(SGM_ERROR_ORDER, sgm_monitor_seal_site(other.monitor));
    EXPECT(SGM_OK, sgm_monitor_site(other.monitor, &site, &blocks));
    TRUE(site == SGM_SITE_CAPTURING && blocks == 0);
    /* What was kept goes on as what it was kept of. */
    EXPECT(SGM_OK, sgm_monitor_save(other.monitor, 1, snapshot, sizeof snapshot));
    EXPECT(SGM_OK, sgm_monitor_init(good.monitor, sizeof *good.monitor, profile, sizeof profile));
    EXPECT(SGM_OK, sgm_monitor_restore(good.monitor, snapshot, sizeof snapshot, NULL));
    for (int frame = 0; frame < 40; frame++) {
        codes[frame * 3]++;
        EXPECT(SGM_OK, sgm_monitor_watch(good.monitor, good.sketch, good.table, codes, HEIGHT, WIDTH, NULL, &seen));
        EXPECT(SGM_OK, sgm_monitor_watch(other.monitor, other.sketch, other.table, codes, HEIGHT, WIDTH, NULL, &again));
        EXPECT(SGM_OK, sgm_monitor_save(good.monitor, 5, snapshot, sizeof snapshot));
    }
    EXPECT(SGM_OK, sgm_monitor_init(good.monitor, sizeof *good.monitor, profile, sizeof profile));
    EXPECT(SGM_OK, sgm_monitor_restore(good.monitor, snapshot, sizeof snapshot, NULL));
    EXPECT(SGM_OK, sgm_monitor_verdict(good.monitor, &verdict));
    TRUE(verdict.state == again.verdict.state && verdict.blocks == again.verdict.blocks);
    EXPECT(SGM_OK, sgm_monitor_init(good.monitor, sizeof *good.monitor, profile, sizeof profile));
    EXPECT(SGM_OK, sgm_monitor_init(other.monitor, sizeof *other.monitor, profile, sizeof profile));
    EXPECT(SGM_OK, sgm_monitor_packet(good.monitor, 9, one, sizeof one));
    EXPECT(SGM_OK, sgm_monitor_packet(other.monitor, 9, two, sizeof two));
    TRUE(memcmp(one, two, sizeof one) == 0);
    EXPECT(SGM_OK, sgm_monitor_lost(other.monitor));
    EXPECT(SGM_OK, sgm_monitor_verdict(other.monitor, &verdict));
    TRUE((verdict.conditions & SGM_CONDITION_STATE_LOST) != 0);
    drop(good);
    drop(other);
}
