"""The catalogue of faults: per check and language what was expected and, in one sentence, how to mend it.

Places in braces are filled when the fault is noted: ``file``, ``column``, ``value`` always, the others as the check gives them.
"""

# ruff: noqa: E501
from __future__ import annotations

from typing import Final

WARNINGS: Final = frozenset(
    {
        "unknown_column", "unreliable_value", "uncertain_value", "formula_like", "unclear_decimals", "quartier_without_geometry",
        "older_population", "unknown_count", "band_sum_differs", "unlikely_growth", "facility_without_places",
        "facility_elsewhere", "unknown_file", "flow_totals_differ", "flow_unlikely", "flow_balance",
    }
)  # fmt: skip
"""Checks that warn; all others stop a run."""

TEXTS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    # ------------------------------------------------------------ files
    "unknown_region": {
        "de": ("der Name einer mitgelieferten Region oder ein Ordner", "{hint} Oder nennen Sie den Pfad Ihres Ordners."),
        "en": ("the name of an embedded region, or a folder", "{hint} Or name the path of your own folder."),
    },
    "not_a_folder": {
        "de": ("ein Ordner mit region.toml", "Nennen Sie den Ordner, in dem region.toml liegt, nicht eine Datei."),
        "en": ("a folder with region.toml", "Name the folder that holds region.toml, not a file."),
    },
    "missing_file": {
        "de": ("die Datei {file} im Ordner {folder}", "Legen Sie {file} in den Ordner. {hint}"),
        "en": ("the file {file} in the folder {folder}", "Put {file} into the folder. {hint}"),
    },
    "unknown_file": {
        "de": ("eine der Tabellen einer Region", "Diese Datei wird nicht gelesen; benennen Sie sie um, falls sie gemeint war. {hint}"),
        "en": ("one of the tables of a region", "This file is not read; rename it if it was meant to be. {hint}"),
    },
    "unreadable_file": {
        "de": ("eine lesbare Datei", "Prüfen Sie, ob {file} eine Datei ist und Sie sie öffnen dürfen ({value})."),
        "en": ("a readable file", "Check that {file} is a file and that you may open it ({value})."),
    },
    "empty_file": {
        "de": ("eine Tabelle mit Kopfzeile", "{file} ist leer; füllen Sie die Datei oder entfernen Sie sie."),
        "en": ("a table with a header line", "{file} is empty; fill it or remove it."),
    },
    "no_rows": {
        "de": ("mindestens eine Zeile unter der Kopfzeile", "{file} hat nur eine Kopfzeile; ergänzen Sie Zeilen oder entfernen Sie die Datei."),
        "en": ("at least one row below the header", "{file} has a header only; add rows or remove the file."),
    },
    "spreadsheet_renamed": {
        "de": ("eine Textdatei (CSV)", "{file} ist eine Excel-Datei mit anderer Endung; speichern Sie sie in Excel als „CSV UTF-8“."),
        "en": ("a text file (CSV)", "{file} is a spreadsheet with another ending; save it from Excel as “CSV UTF-8”."),
    },
    "not_a_text": {
        "de": ("eine Textdatei", "{file} enthält Zeichen, die in keinem Text vorkommen; speichern Sie die Tabelle als „CSV UTF-8“."),
        "en": ("a text file", "{file} holds characters that occur in no text; save the table as “CSV UTF-8”."),
    },
    "wrong_encoding": {
        "de": ("Text in UTF-8 oder Windows-1252", "Das Zeichen ist nicht lesbar; speichern Sie die Tabelle als „CSV UTF-8“."),
        "en": ("text in UTF-8 or Windows-1252", "The character cannot be read; save the table as “CSV UTF-8”."),
    },
    "mojibake": {
        "de": ("lesbare Umlaute", "Der Text wurde einmal mit falscher Zeichenkodierung gespeichert; exportieren Sie ihn neu als „CSV UTF-8“."),
        "en": ("readable umlauts", "The text was once saved in the wrong encoding; export it again as “CSV UTF-8”."),
    },
    "broken_quotes": {
        "de": ("Anführungszeichen, die wieder schließen", "Ab dieser Zeile ist die Tabelle nicht lesbar; prüfen Sie die Anführungszeichen (innerhalb eines Textes verdoppelt)."),
        "en": ("quotation marks that close again", "From this line on the table cannot be read; check the quotation marks (doubled inside a text)."),
    },
    "ragged_row": {
        "de": ("{columns} Spalten wie in der Kopfzeile", "Die Zeile hat {value} Spalten; prüfen Sie Trennzeichen und setzen Sie Texte mit Trennzeichen in Anführungszeichen."),
        "en": ("{columns} columns as in the header", "The row has {value} columns; check the separators and put texts that hold one in quotation marks."),
    },
    # ------------------------------------------------------------ columns and cells
    "missing_column": {
        "de": ("eine Spalte „{column}“", "Ergänzen Sie die Spalte (Spalten der Tabelle: {columns}). {hint}"),
        "en": ("a column “{column}”", "Add the column (columns of this table: {columns}). {hint}"),
    },
    "unknown_column": {
        "de": ("eine Spalte, die diese Tabelle kennt", "Die Spalte wird nicht gelesen. {hint}"),
        "en": ("a column this table knows", "The column is not read. {hint}"),
    },
    "duplicate_column": {
        "de": ("jede Spalte einmal", "Die Kopfzeile nennt „{column}“ mehrfach; benennen Sie eine der Spalten um."),
        "en": ("every column once", "The header names “{column}” more than once; rename one of the columns."),
    },
    "not_a_number": {
        "de": ("eine Zahl oder ein Tabellenzeichen nach DIN 55301", "Schreiben Sie eine Zahl wie 1234 oder 12,5, „-“ für nichts vorhanden oder „.“ für unbekannt."),
        "en": ("a number or a table sign of DIN 55301", "Write a number such as 1234 or 12.5, “-” for nothing, or “.” for unknown."),
    },
    "ambiguous_number": {
        "de": ("eine eindeutige Zahl", "„{value}“ kann Tausender oder Nachkommastellen meinen; schreiben Sie die Zahl ohne Trennzeichen."),
        "en": ("an unambiguous number", "“{value}” may mean thousands or decimals; write the number without a separator."),
    },
    "unclear_decimals": {
        "de": ("ein eindeutiges Dezimalzeichen", "Werte wie „{value}“ wurden mit Dezimalpunkt gelesen; sind Tausender gemeint, lassen Sie die Punkte weg."),
        "en": ("an unambiguous decimal sign", "Values such as “{value}” were read with a decimal point; if thousands are meant, leave the points out."),
    },
    "missing_value": {
        "de": ("eine Zahl", "Hier darf der Wert nicht fehlen; tragen Sie ihn ein."),
        "en": ("a number", "The value must not be missing here; enter it."),
    },
    "unreliable_value": {
        "de": ("ein verlässlicher Wert", "„/“ (nicht verlässlich) zählt als unbekannt; tragen Sie eine Schätzung ein, wenn Sie eine haben."),
        "en": ("a reliable value", "“/” (not reliable) counts as unknown; enter an estimate if you have one."),
    },
    "uncertain_value": {
        "de": ("ein sicherer Wert", "Der Wert in Klammern ist unsicher (wenige Fälle); er wird so verwendet."),
        "en": ("a certain value", "The value in brackets is uncertain (few cases); it is used as it is."),
    },
    "negative": {
        "de": ("eine Zahl ab 0", "Anzahlen können nicht negativ sein; tragen Sie den richtigen Wert ein (Abgänge stehen in flows.csv)."),
        "en": ("a number from 0 up", "Counts cannot be negative; enter the right value (departures belong into flows.csv)."),
    },
    "not_whole": {
        "de": ("eine ganze Zahl", "Personen, Plätze und Wohnungen werden ganz gezählt; runden Sie den Wert."),
        "en": ("a whole number", "Persons, places and dwellings are counted whole; round the value."),
    },
    "too_large": {
        "de": ("eine glaubhafte Anzahl", "Der Wert ist größer als jede Bevölkerung; prüfen Sie, ob Zellen zusammengeraten sind."),
        "en": ("a credible count", "The value is larger than any population; check whether cells have run together."),
    },
    "bad_age": {
        "de": ("ein Alter in vollendeten Jahren, 0 bis {oldest}", "Tragen Sie das Alter in ganzen Jahren ein."),
        "en": ("an age in completed years, 0 to {oldest}", "Enter the age in whole years."),
    },
    "band_reversed": {
        "de": ("ein letzter Wert, der nicht unter dem ersten liegt", "Tauschen Sie die beiden Grenzen oder lassen Sie die obere leer („und mehr“)."),
        "en": ("a last value that is not below the first", "Exchange the two bounds, or leave the upper one empty (“and more”)."),
    },
    "bad_date": {
        "de": ("ein Datum wie 2022-12-31 oder 31.12.2022", "Schreiben Sie den Tag als 2022-12-31 oder 31.12.2022 (ein Jahr allein gilt zum 31.12.)."),
        "en": ("a date such as 2022-12-31 or 31.12.2022", "Write the day as 2022-12-31 or 31.12.2022 (a year alone means its 31 December)."),
    },
    "closes_before_opening": {
        "de": ("eine Schließung nach der Öffnung", "Die Einrichtung schließt, bevor sie öffnet; prüfen Sie „opens“ und „closes“."),
        "en": ("a closing after the opening", "The facility closes before it opens; check “opens” and “closes”."),
    },
    "empty_key": {
        "de": ("ein Schlüssel", "Tragen Sie den Schlüssel als Text ein (führende Nullen bleiben erhalten)."),
        "en": ("a key", "Enter the key as text (leading zeros are kept)."),
    },
    "empty_text": {
        "de": ("ein Text", "Tragen Sie einen Text ein."),
        "en": ("a text", "Enter a text."),
    },
    "duplicate_key": {
        "de": ("jede Kombination von {key} einmal", "Dieselbe Angabe steht schon in Zeile {first}; streichen Sie eine der beiden."),
        "en": ("every combination of {key} once", "The same entry is already in line {first}; remove one of the two."),
    },
    "unknown_quartier": {
        "de": ("ein Quartier aus quartiere.csv", "Ergänzen Sie das Quartier in quartiere.csv oder berichtigen Sie den Schlüssel. {hint}"),
        "en": ("a Quartier of quartiere.csv", "Add the Quartier to quartiere.csv or correct the key. {hint}"),
    },
    "unknown_facility": {
        "de": ("eine Einrichtung aus facilities.csv", "Ergänzen Sie die Einrichtung in facilities.csv oder berichtigen Sie den Schlüssel. {hint}"),
        "en": ("a facility of facilities.csv", "Add the facility to facilities.csv or correct the key. {hint}"),
    },
    "unknown_choice": {
        "de": ("eines der gültigen Wörter", "{hint}"),
        "en": ("one of the valid words", "{hint}"),
    },
    "unknown_sex": {
        "de": ("m (Männer), f (Frauen) oder t (zusammen)", "Schreiben Sie m, f (oder w) oder t."),
        "en": ("m (men), f (women) or t (both)", "Write m, f or t."),
    },
    "formula_like": {
        "de": ("ein Text, der nicht wie eine Formel beginnt", "Der Text wird als Text weitergegeben, nie als Formel; entfernen Sie das erste Zeichen, wenn es nicht dazugehört."),
        "en": ("a text that does not begin like a formula", "The text is passed on as text, never as a formula; remove the first sign if it does not belong there."),
    },
    "more_of_a_kind": {
        "de": ("nicht mehr als {listed} gleiche Fehler", "Weitere {more} Fehler derselben Art in dieser Spalte sind nicht einzeln aufgeführt."),
        "en": ("no more than {listed} faults of a kind", "{more} more faults of this kind in this column are not listed."),
    },
    # ------------------------------------------------------------ region.toml
    "bad_toml": {
        "de": ("gültiges TOML", "Die Zeile ist nicht lesbar; Texte stehen in Anführungszeichen, jede Angabe als name = wert ({value})."),
        "en": ("valid TOML", "The line cannot be read; texts stand in quotation marks, every entry as name = value ({value})."),
    },
    "missing_key": {
        "de": ("eine Angabe „{column}“", "Ergänzen Sie „{column}“ in region.toml."),
        "en": ("an entry “{column}”", "Add “{column}” to region.toml."),
    },
    "unknown_key": {
        "de": ("eine Angabe, die region.toml kennt", "{hint}"),
        "en": ("an entry that region.toml knows", "{hint}"),
    },
    "bad_value": {
        "de": ("ein gültiger Wert für „{column}“", "Berichtigen Sie den Wert ({problem})."),
        "en": ("a valid value for “{column}”", "Correct the value ({problem})."),
    },
    "bad_ags": {
        "de": ("der amtliche Gemeindeschlüssel: acht Ziffern als Text, beginnend mit 01 bis 16", 'Schreiben Sie ihn mit führender Null in Anführungszeichen, z. B. ags = "01001000".'),
        "en": ("the official key: eight digits as text, beginning with 01 to 16", 'Write it with its leading zero in quotation marks, e.g. ags = "01001000".'),
    },
    "bad_state": {
        "de": ("der Schlüssel des Landes: zwei Ziffern als Text, 01 bis 16", 'Schreiben Sie ihn mit führender Null in Anführungszeichen, z. B. state = "01".'),
        "en": ("the key of the state: two digits as text, 01 to 16", 'Write it with its leading zero in quotation marks, e.g. state = "01".'),
    },
    "ags_of_another_state": {
        "de": ("das Land des Gemeindeschlüssels {ags}, also {right}", 'Schreiben Sie state = "{right}" oder berichtigen Sie den Gemeindeschlüssel.'),
        "en": ("the state of the official key {ags}, that is {right}", 'Write state = "{right}" or correct the official key.'),
    },
    "not_year_end": {
        "de": ("ein 31. Dezember", "Die Rechnung beginnt mit einem Jahr; nennen Sie den 31. Dezember davor, z. B. {before}."),
        "en": ("a 31 December", "The simulation begins with a year; name the 31 December before it, e.g. {before}."),
    },
    # ------------------------------------------------------------ map and coordinates
    "bad_geojson": {
        "de": ("GeoJSON mit „features“", "{file} ist kein lesbares GeoJSON; exportieren Sie die Karte neu (FeatureCollection, WGS 84)."),
        "en": ("GeoJSON with “features”", "{file} is no readable GeoJSON; export the map again (FeatureCollection, WGS 84)."),
    },
    "geometry_without_key": {
        "de": ("eine Eigenschaft „quartier_id“", "Geben Sie der Fläche {value} die Eigenschaft „quartier_id“."),
        "en": ("a property “quartier_id”", "Give the area {value} the property “quartier_id”."),
    },
    "geometry_twice": {
        "de": ("eine Fläche je Quartier", "Fassen Sie die Flächen von {value} zu einem MultiPolygon zusammen."),
        "en": ("one area per Quartier", "Join the areas of {value} into one MultiPolygon."),
    },
    "unknown_area": {
        "de": ("ein Quartier aus quartiere.csv", "Berichtigen Sie „quartier_id“ der Fläche oder entfernen Sie sie. {hint}"),
        "en": ("a Quartier of quartiere.csv", "Correct the area's “quartier_id” or remove the area. {hint}"),
    },
    "quartier_without_geometry": {
        "de": ("eine Fläche für jedes Quartier", "{value} fehlt auf der Karte; ergänzen Sie die Fläche."),
        "en": ("an area for every Quartier", "{value} is missing on the map; add its area."),
    },
    "bad_polygon": {
        "de": ("ein Polygon oder MultiPolygon", "Die Fläche von {value} ist nicht lesbar; exportieren Sie sie neu."),
        "en": ("a Polygon or MultiPolygon", "The area of {value} cannot be read; export it again."),
    },
    "outside_germany": {
        "de": ("Längen- und Breitengrad (WGS 84) in Deutschland", "Rechnen Sie die Koordinaten in Grad um (EPSG:4326); erst die Länge (6 bis 15), dann die Breite (47 bis 55)."),
        "en": ("longitude and latitude (WGS 84) in Germany", "Convert the coordinates to degrees (EPSG:4326); longitude (6 to 15) first, then latitude (47 to 55)."),
    },
    "exchanged_coordinates": {
        "de": ("„lon“ als Länge (6 bis 15), „lat“ als Breite (47 bis 55)", "Länge und Breite sind vertauscht; tauschen Sie die beiden Spalten."),
        "en": ("“lon” as longitude (6 to 15), “lat” as latitude (47 to 55)", "Longitude and latitude are exchanged; swap the two columns."),
    },
    "half_a_coordinate": {
        "de": ("Länge und Breite", "Ergänzen Sie „{column}“ oder lassen Sie beide Angaben leer."),
        "en": ("longitude and latitude", "Add “{column}” or leave both empty."),
    },
    # ------------------------------------------------------------ whole tables
    "overlapping_bands": {
        "de": ("Altersgruppen, die sich nicht überschneiden ({where})", "{value} überschneidet {other}; zusätzliche Altersgruppen gehören in age_margins.csv."),
        "en": ("age bands that do not overlap ({where})", "{value} overlaps {other}; further age bands belong into age_margins.csv."),
    },
    "gapped_bands": {
        "de": ("eine Altersgruppe, die mit {first} beginnt ({where})", "Zwischen den Altersgruppen ist eine Lücke; ergänzen Sie die Gruppe ab {first}."),
        "en": ("an age band that begins at {first} ({where})", "There is a gap between the age bands; add the band that begins at {first}."),
    },
    "closed_last_band": {
        "de": ("eine offene letzte Altersgruppe ({where})", "Lassen Sie „age_to“ der ältesten Gruppe leer („und älter“)."),
        "en": ("an open last age band ({where})", "Leave “age_to” of the oldest band empty (“and older”)."),
    },
    "all_unknown": {
        "de": ("mindestens eine bekannte Zahl", "In {file} ist kein einziger Wert bekannt; prüfen Sie den Export."),
        "en": ("at least one known number", "Not a single value is known in {file}; check the export."),
    },
    "no_population_before": {
        "de": ("Einwohner zum Stichtag {value} oder davor", "Die Tabelle reicht von {first} bis {last}; wählen Sie in region.toml einen dieser Tage als reference_date."),
        "en": ("residents at the reference date {value} or before", "The table covers {first} to {last}; choose one of these days as reference_date in region.toml."),
    },
    "older_population": {
        "de": ("Einwohner zum Stichtag {value}", "Gerechnet wird mit dem letzten Stand davor, {start}; ergänzen Sie den Stichtag oder ändern Sie reference_date."),
        "en": ("residents at the reference date {value}", "The latest stock before it, {start}, is used; add the reference date or change reference_date."),
    },
    "unknown_count": {
        "de": ("eine bekannte Zahl (Quartier {quartier})", "Der Wert ist unbekannt und wird als 0 gerechnet; tragen Sie eine Schätzung ein."),
        "en": ("a known number (Quartier {quartier})", "The value is unknown and is counted as 0; enter an estimate."),
    },
    "quartier_without_population": {
        "de": ("Einwohner für jedes Quartier zum {date}", "Ergänzen Sie Zeilen für das Quartier {value} oder streichen Sie es in quartiere.csv."),
        "en": ("residents for every Quartier at {date}", "Add rows for the Quartier {value} or remove it from quartiere.csv."),
    },
    "nobody_lives_here": {
        "de": ("mindestens eine Person", "Zum Stichtag wohnt niemand in der Region; prüfen Sie die Werte."),
        "en": ("at least one person", "Nobody lives in the region at the reference date; check the values."),
    },
    "one_sex_missing": {
        "de": ("Männer und Frauen ({where})", "Ergänzen Sie das andere Geschlecht, oder geben Sie nur die Summe (t) an."),
        "en": ("men and women ({where})", "Add the other sex, or give the total (t) alone."),
    },
    "sexes_do_not_add_up": {
        "de": ("Männer und Frauen zusammen gleich der Summe ({where})", "Hier stehen {value}, auf der anderen Seite {sum}; berichtigen Sie eine der Zahlen (gerundete Zahlen: rounding = 5 in region.toml)."),
        "en": ("men and women that add up to the total ({where})", "Here it is {value}, on the other side {sum}; correct one of the figures (rounded figures: rounding = 5 in region.toml)."),
    },
    "margin_does_not_fit": {
        "de": ("{low} bis {high} Personen von {band} Jahren, wie es die Altersgruppen zulassen", "Die zusätzliche Altersgruppe passt nicht zu population.csv; prüfen Sie beide Werte."),
        "en": ("{low} to {high} persons aged {band}, as the age bands allow", "The further age band does not fit population.csv; check both values."),
    },
    "band_sum_differs": {
        "de": ("{low} Personen, die Summe der Altersgruppen", "Summe und Altersgruppen weichen ab (Rundung oder Geheimhaltung?); gerechnet wird mit den Altersgruppen."),
        "en": ("{low} persons, the sum of the age bands", "Total and age bands differ (rounding or suppression?); the age bands are used."),
    },
    "unlikely_growth": {
        "de": ("ein Quartier, das sich in einem Jahr nicht verdreifacht oder drittelt", "Quartier {quartier} ändert sich von {before} bis {after} sehr stark; prüfen Sie Schlüssel und Grenzen, sonst bleibt es so."),
        "en": ("a Quartier that neither triples nor loses two thirds within a year", "Quartier {quartier} changes very much from {before} to {after}; check its key and borders, else leave it."),
    },
    "facility_without_places": {
        "de": ("Plätze in places.csv", "Für {value} ist keine Platzzahl bekannt; die Einrichtung hat im Modell keine Plätze."),
        "en": ("places in places.csv", "No places are known for {value}; in the model the facility has none."),
    },
    "facility_elsewhere": {
        "de": ("Koordinaten im Quartier {value}", "Die Koordinaten liegen im Quartier {other}; prüfen Sie Quartier und Koordinaten."),
        "en": ("coordinates in the Quartier {value}", "The coordinates lie in the Quartier {other}; check Quartier and coordinates."),
    },
    "places_exceed_residents": {
        "de": ("höchstens {residents} Plätze, so viele Einwohner hat das Quartier {quartier}", "{value} hat {places} Plätze; berichtigen Sie Quartier oder Plätze, oder schreiben Sie „no“ in „in_register“, wenn das Melderegister die Bewohner nicht zählt."),
        "en": ("at most {residents} places, as many residents as the Quartier {quartier} has", "{value} has {places} places; correct Quartier or places, or write “no” into “in_register” if the register does not count who lives there."),
    },
    "facility_outside_town": {
        "de": ("Koordinaten in einem der Quartiere", "Die Einrichtung {facility} liegt außerhalb aller Quartiere; berichtigen Sie „lon“ und „lat“, oder lassen Sie beide leer (dann gilt die Mitte von {quartier})."),
        "en": ("coordinates in one of the Quartiere", "The facility {facility} lies outside all Quartiere; correct “lon” and “lat”, or leave both empty (the centre of {quartier} then counts)."),
    },
    # ------------------------------------------------------------ flows
    "flow_wrong_end": {
        "de": ("bei „{event}“ ein leeres Feld „{column}“", "Das Ereignis hat dort kein Quartier; tragen Sie das Quartier in „{other}“ ein (Umzüge innerhalb der Stadt heißen „move“)."),
        "en": ("an empty cell “{column}” for “{event}”", "The event has no Quartier there; enter the Quartier in “{other}” (moves within the town are called “move”)."),
    },
    "flow_origin": {
        "de": ("„origin“ nur bei Zu- und Fortzügen („in_move“, „out_move“)", "Lassen Sie „origin“ bei „{event}“ leer."),
        "en": ("“origin” for in- and out-moves only (“in_move”, “out_move”)", "Leave “origin” empty for “{event}”."),
    },
    "flow_bands_overlap": {
        "de": ("Altersgruppen, die sich nicht überschneiden ({event})", "{value} überschneidet eine andere Gruppe; geben Sie jede Altersgruppe einmal an (Summen über alle Alter dürfen daneben stehen)."),
        "en": ("age bands that do not overlap ({event})", "{value} overlaps another band; give every age band once (totals of all ages may stand beside them)."),
    },
    "flow_totals_differ": {
        "de": ("{total} ({where}, wie ab Zeile {line})", "Dieselben Ereignisse ergeben hier {value}; gerechnet wird mit {total}. Enthalten die Zahlen der Quartiere auch Umzüge innerhalb der Stadt?"),
        "en": ("{total} ({where}, as from line {line} on)", "The same events add up to {value} here; {total} is used. Do the figures by Quartier contain moves within the town?"),
    },
    "flow_unlikely": {
        "de": ("eine glaubhafte Zahl ({event}, {year}) bei {residents} Einwohnern", "{value} im Jahr sind sehr viele; prüfen Sie Einheit, Jahr und Ereignis."),
        "en": ("a credible number ({event}, {year}) for {residents} residents", "{value} in a year are very many; check unit, year and event."),
    },
    "flow_balance": {
        "de": ("etwa {expected} Zuzüge von {first} bis {last}, wie aus Beständen, Geburten, Sterbefällen und Fortzügen folgt", "Gemeldet sind {value}; der Bestand wurde wohl bereinigt. Der Saldo folgt dem Bestand, die Höhe den Fortzügen."),
        "en": ("about {expected} in-moves from {first} to {last}, as stocks, births, deaths and out-moves imply", "{value} are registered; the register was probably corrected. The net follows the stocks, the level the out-moves."),
    },
    # ------------------------------------------------------------ Berlin
    "bad_area_key": {
        "de": ("ein Schlüssel von acht Ziffern", "RAUMID nennt den Planungsraum mit acht Ziffern (führende Nullen dürfen fehlen)."),
        "en": ("a key of eight digits", "RAUMID names the planning area with eight digits (leading zeros may be missing)."),
    },
    "register_sum": {
        "de": ("{total} Personen (E_E) im Planungsraum {key}", "Die Spalten ab {column} ergeben {value}; holen Sie die Datei neu beim Herausgeber."),
        "en": ("{total} persons (E_E) in the planning area {key}", "The columns from {column} on give {value}; get the file again from its publisher."),
    },
}  # fmt: skip
