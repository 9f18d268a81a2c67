// What matcher.cpp does, by event-ruler: java Ruler PATTERNS EVENTS SECONDS
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import software.amazon.event.ruler.Machine;

public class Ruler {
    public static void main(String[] args) throws Exception {
        Machine machine = new Machine();
        int number = 0;
        for (String pattern : Files.readAllLines(Path.of(args[0]))) {
            machine.addRule("rule-" + number++, pattern);
        }
        List<String> events = Files.readAllLines(Path.of(args[1]));
        double seconds = Double.parseDouble(args[2]);
        long matches = 0;
        for (String event : events) {
            matches += machine.rulesForJSONEvent(event).size();
        }
        turn(machine, events, 2 * seconds);  // for the compiler
        System.out.printf("{\"per_second\": %.0f, \"matches\": %d}%n",
                          turn(machine, events, seconds), matches);
    }

    static long found;

    static double turn(Machine machine, List<String> events, double seconds) throws Exception {
        long began = System.nanoTime();
        long end = began + (long) (seconds * 1e9);
        int done = 0;
        while (System.nanoTime() < end) {
            for (int i = 0; i < 100; i++) {
                found += machine.rulesForJSONEvent(events.get(done++ % events.size())).size();
            }
        }
        return done * 1e9 / (System.nanoTime() - began);
    }
}
