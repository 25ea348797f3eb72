package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import dev.metakey.model.Field;
import dev.metakey.model.Header;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The global header: its two words, and what they say. */
final class HeaderForm implements Form<Header> {
  @Override
  public Table table(List<Header> headers, boolean wide) {
    Table table = new Table();
    for (Header header : headers) {
      table.row(Cell.of("high"), Cell.of(hex(header.high())));
      table.row(Cell.of("low"), Cell.of(hex(header.low())));
      for (int size : new int[] {2, 4, 8}) {
        table.row(Cell.of(size + " bytes"), Cell.of(ranges(idsOf(header, size))));
      }
    }
    return table;
  }

  private static String hex(long word) {
    return "0x%016x".formatted(word);
  }

  private static List<Integer> idsOf(Header header, int size) {
    return IntStream.range(0, Field.IDS).filter(id -> header.sizeOf(id) == size).boxed().toList();
  }

  /** {@code 0-2 5 7}. */
  static String ranges(List<Integer> ids) {
    List<String> ranges = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      int first = ids.get(i);
      while (i + 1 < ids.size() && ids.get(i + 1) == ids.get(i) + 1) {
        i++;
      }
      ranges.add(ids.get(i) == first ? "" + first : first + "-" + ids.get(i));
    }
    return String.join(" ", ranges);
  }

  /** The words are text: as numbers they would lose bits in most readers of JSON. */
  @Override
  public void members(JsonWriter json, Header header) throws IOException {
    json.name("high").value(hex(header.high()));
    json.name("low").value(hex(header.low()));
    json.name("value_bytes").value(header.valueBytes());
    json.name("ids").beginArray();
    for (int id = 0; id < Field.IDS; id++) {
      if (header.sizeOf(id) != 0) {
        json.beginObject();
        json.name("id").value(id);
        json.name("size").value(header.sizeOf(id));
        json.endObject();
      }
    }
    json.endArray();
  }

  @Override
  public String name(Header header) {
    throw new IllegalStateException("a header has no name");
  }
}
