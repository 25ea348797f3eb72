package dev.metakey.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A command that a document shows, how it should end, and what it should print. It is a line that
 * starts with {@code $ } in a fenced block tagged {@code console}. The lines below it, up to the
 * next command, are what it prints to stdout and stderr; if there are none, anything goes. A
 * comment {@code # exit N} says which code it ends with, if not 0.
 */
record Shown(String command, int exit, String output) {
  /** All that a document shows, in order. */
  static List<Shown> in(Path document) throws IOException {
    List<Shown> commands = new ArrayList<>();
    boolean inBlock = false;
    for (String line : Files.readAllLines(document)) {
      if (line.startsWith("```")) {
        inBlock = line.equals("```console");
      } else if (inBlock && line.startsWith("$ ")) {
        String[] parts = line.substring(2).split("  # exit ", 2);
        int exit = parts.length == 2 ? Integer.parseInt(parts[1].trim()) : 0;
        commands.add(new Shown(parts[0], exit, ""));
      } else if (inBlock && !commands.isEmpty()) {
        Shown last = commands.remove(commands.size() - 1);
        commands.add(new Shown(last.command, last.exit, last.output + line + "\n"));
      }
    }
    return commands;
  }
}
