package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;

/** Starts {@code metakey}. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(CommandTree.run(Terminal.ofProcess(CallingService::script), args));
  }
}
