import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamReader;

/**
 * The peer of `lists` in Java: the JDK's streaming parser (StAX) maps every entry to the same fields. Started with the
 * files; each line on its input is the place of one, which it reads, answering the time in seconds.
 */
class JavaLists {
    record Part(String scheme, String code, String[] label, Map<String, List<String>> slots) {}

    record Entry(Map<String, String> attributes, String[] title, Map<String, List<String>> slots, List<Part> parts,
            Map<String, String> identifiers) {}

    static Map<String, String> attributes(XMLStreamReader in) {
        Map<String, String> all = new HashMap<>();
        for (int i = 0; i < in.getAttributeCount(); i++) {
            all.put(in.getAttributeLocalName(i), in.getAttributeValue(i));
        }
        return all;
    }

    static List<Entry> read(XMLInputFactory factory, byte[] data) throws Exception {
        XMLStreamReader in = factory.createXMLStreamReader(new ByteArrayInputStream(data));
        List<Entry> entries = new ArrayList<>();
        Entry entry = null;
        Part part = null;
        boolean identifier = false;
        List<String> values = null;
        while (in.hasNext()) {
            int event = in.next();
            if (event == XMLStreamConstants.START_ELEMENT) {
                switch (in.getLocalName()) {
                    case "ExtrinsicObject" -> entry = new Entry(attributes(in), new String[2], new HashMap<>(),
                            new ArrayList<>(), new HashMap<>());
                    case "Classification" -> part = new Part(in.getAttributeValue(null, "classificationScheme"),
                            in.getAttributeValue(null, "nodeRepresentation"), new String[1], new HashMap<>());
                    case "ExternalIdentifier" -> {
                        identifier = true;
                        entry.identifiers().put(in.getAttributeValue(null, "identificationScheme"),
                                in.getAttributeValue(null, "value"));
                    }
                    case "Slot" -> {
                        values = new ArrayList<>();
                        (part != null ? part.slots() : entry.slots()).put(in.getAttributeValue(null, "name"), values);
                    }
                    case "Value" -> {
                        String value = in.getElementText();
                        values.add(value);
                        value.split("\\^");
                    }
                    case "LocalizedString" -> {
                        String value = in.getAttributeValue(null, "value");
                        if (part != null) {
                            part.label()[0] = value;
                        } else if (!identifier && entry != null) {
                            entry.title()[0] = value;
                        }
                    }
                    default -> { }
                }
            } else if (event == XMLStreamConstants.END_ELEMENT) {
                switch (in.getLocalName()) {
                    case "ExtrinsicObject" -> entries.add(entry);
                    case "Classification" -> {
                        entry.parts().add(part);
                        part = null;
                    }
                    case "ExternalIdentifier" -> identifier = false;
                    default -> { }
                }
            }
        }
        return entries;
    }

    public static void main(String[] paths) throws Exception {
        List<byte[]> files = new ArrayList<>();
        for (String path : paths) {
            files.add(Files.readAllBytes(Path.of(path)));
        }
        XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
        factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
        System.out.println("Java " + Runtime.version());
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            byte[] data = files.get(Integer.parseInt(line));
            long start = System.nanoTime();
            read(factory, data);
            System.out.println((System.nanoTime() - start) / 1e9);
        }
    }
}
