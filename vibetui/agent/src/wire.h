/* Frames: u32 length (big-endian), u8 type, payload. PROTOCOL.md is the reference. */
#ifndef VIBE_WIRE_H
#define VIBE_WIRE_H

#include "agent.h"

enum frame_type {
    FRAME_HELLO = 0x01,
    FRAME_OPEN_TERMINAL,
    FRAME_ATTACH,
    FRAME_INPUT,
    FRAME_RESIZE,
    FRAME_LIST,
    FRAME_CLOSE,
    FRAME_EXEC,
    FRAME_DIAL,
    FRAME_REPLY,
    FRAME_RENAME,
    FRAME_ARRANGE,
    FRAME_WATCH,
    FRAME_BIND,
    FRAME_EVICT,
    FRAME_INPUT_END,
    FRAME_SIGNAL,
    FRAME_LISTEN,
    FRAME_TAKE,
    FRAME_HELLO_AGENT = 0x81,
    FRAME_OPENED,
    FRAME_REPLAY,
    FRAME_REPLAY_END,
    FRAME_OUTPUT,
    FRAME_EXITED,
    FRAME_LISTING,
    FRAME_CLOSED,
    FRAME_ERROR,
    FRAME_SIZE,
    FRAME_ERROUT,
    FRAME_OUTPUT_END,
    FRAME_DIALED,
    FRAME_STARTED,
    FRAME_RENAMED,
    FRAME_ARRANGED,
    FRAME_BOUND,
    FRAME_EVICTED,
    FRAME_TYPED,
    FRAME_LISTENING,
    FRAME_ACCEPTED,
    FRAME_TAKEN,
};

enum error_code {
    ERROR_UNSUPPORTED = 1,
    ERROR_MALFORMED,
    ERROR_NO_TERMINAL,
    ERROR_LIMIT,
    ERROR_DENIED,
    ERROR_FAILED,
    ERROR_STATE,
    ERROR_UNREACHABLE,
};

enum attach_flag {
    ATTACH_READ_ONLY = 1,
    ATTACH_FROM_OFFSET = 2,
    ATTACH_LAST = 4,
    ATTACH_QUIET = 8,
    ATTACH_TYPED = 16,
    ATTACH_FLAGS = 31,
};

enum listen_flag { LISTEN_SECRET = 1, LISTEN_IN_PLACE = 2 };

/* Takes a payload apart; after a shortage everything reads as 0 and `bad` stays set. */
struct reader {
    const uint8_t *at, *end;
    bool bad;
};

struct text {
    const char *data;
    size_t size;
};

uint8_t read_u8(struct reader *reader);
uint16_t read_u16(struct reader *reader);
uint32_t read_u32(struct reader *reader);
uint64_t read_u64(struct reader *reader);
struct text read_text(struct reader *reader);
bool read_complete(const struct reader *reader);

/* Puts a payload together; what doesn't fit is left out and sets `full`. */
struct writer {
    uint8_t *data;
    size_t size, capacity;
    bool full;
};

void write_bytes(struct writer *writer, const void *data, size_t size);
void write_string(struct writer *writer, const char *string);
void write_u8(struct writer *writer, uint8_t value);
void write_u16(struct writer *writer, uint16_t value);
void write_u32(struct writer *writer, uint32_t value);
void write_u64(struct writer *writer, uint64_t value);
void write_text(struct writer *writer, const char *data, size_t size);
/* printf for short pieces (at most 63 bytes). */
void write_format(struct writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void frame_header(uint8_t header[HEADER_SIZE], uint8_t type, uint32_t length);
uint32_t frame_length(const uint8_t header[HEADER_SIZE]);

#endif
