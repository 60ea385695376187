#include "wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint64_t read_number(struct reader *reader, size_t size)
{
    if (reader->bad || (size_t)(reader->end - reader->at) < size) {
        reader->bad = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | *reader->at++;
    return value;
}

uint8_t read_u8(struct reader *reader)
{
    return (uint8_t)read_number(reader, 1);
}

uint16_t read_u16(struct reader *reader)
{
    return (uint16_t)read_number(reader, 2);
}

uint32_t read_u32(struct reader *reader)
{
    return (uint32_t)read_number(reader, 4);
}

uint64_t read_u64(struct reader *reader)
{
    return read_number(reader, 8);
}

struct text read_text(struct reader *reader)
{
    size_t size = read_u16(reader);
    if (reader->bad || (size_t)(reader->end - reader->at) < size) {
        reader->bad = true;
        return (struct text){"", 0};
    }
    struct text text = {(const char *)reader->at, size};
    reader->at += size;
    return text;
}

bool read_complete(const struct reader *reader)
{
    return !reader->bad && reader->at == reader->end;
}

void write_bytes(struct writer *writer, const void *data, size_t size)
{
    if (writer->capacity - writer->size < size) {
        writer->full = true;
        return;
    }
    if (size > 0)
        memcpy(writer->data + writer->size, data, size);
    writer->size += size;
}

void write_string(struct writer *writer, const char *string)
{
    write_bytes(writer, string, strlen(string));
}

static void write_number(struct writer *writer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    write_bytes(writer, bytes, size);
}

void write_u8(struct writer *writer, uint8_t value)
{
    write_number(writer, value, 1);
}

void write_u16(struct writer *writer, uint16_t value)
{
    write_number(writer, value, 2);
}

void write_u32(struct writer *writer, uint32_t value)
{
    write_number(writer, value, 4);
}

void write_u64(struct writer *writer, uint64_t value)
{
    write_number(writer, value, 8);
}

void write_text(struct writer *writer, const char *data, size_t size)
{
    if (size > UINT16_MAX)
        size = UINT16_MAX;
    write_u16(writer, (uint16_t)size);
    write_bytes(writer, data, size);
}

void write_format(struct writer *writer, const char *format, ...)
{
    char piece[64];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof piece)
        writer->full = true;
    else
        write_bytes(writer, piece, (size_t)size);
}

void frame_header(uint8_t header[HEADER_SIZE], uint8_t type, uint32_t length)
{
    struct writer writer = {.data = header, .capacity = HEADER_SIZE};
    write_u32(&writer, length);
    write_u8(&writer, type);
}

uint32_t frame_length(const uint8_t header[HEADER_SIZE])
{
    struct reader reader = {.at = header, .end = header + 4};
    return read_u32(&reader);
}
