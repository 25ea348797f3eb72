package dev.metakey.cli.print;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.util.List;

/** How one kind of value looks. */
interface Form<T> {
  /** In columns. */
  Table table(List<T> values, boolean wide);

  /** Writes the value as members of a JSON object that is open. */
  void members(JsonWriter json, T value) throws IOException;

  /** The name of a field. */
  String name(T value);
}
