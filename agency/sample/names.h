/* names.h - what people in Argentina are called. For sample.c alone. */

#ifndef LOTERIA_NAMES_H
#define LOTERIA_NAMES_H

static const char *const women[] = {
    "Agustina",  "Alma",     "Ana",       "Antonella", "Beatriz",  "Belén",
    "Brenda",    "Camila",   "Carla",     "Carolina",  "Catalina", "Cecilia",
    "Claudia",   "Delfina",  "Elena",     "Emilia",    "Eugenia",  "Florencia",
    "Gabriela",  "Graciela", "Guadalupe", "Inés",      "Jazmín",   "Julia",
    "Karina",    "Lorena",   "Lucía",     "Luz",       "Malena",   "Marcela",
    "María",     "Mercedes", "Micaela",   "Milagros",  "Mónica",   "Natalia",
    "Norma",     "Olivia",   "Patricia",  "Paula",     "Pilar",    "Renata",
    "Rocío",     "Rosa",     "Silvia",    "Sofía",     "Soledad",  "Susana",
    "Valentina", "Valeria",  "Verónica",  "Victoria",  "Ximena",   "Zoe",
};

static const char *const men[] = {
    "Agustín", "Alejandro", "Andrés",  "Ariel",     "Bautista",  "Benjamín", "Bruno",
    "Carlos",  "Cristian",  "Daniel",  "Diego",     "Eduardo",   "Emanuel",  "Esteban",
    "Facundo", "Federico",  "Fermín",  "Francisco", "Gastón",    "Gonzalo",  "Héctor",
    "Ignacio", "Iván",      "Joaquín", "Jorge",     "José",      "Juan",     "Julián",
    "Lautaro", "Leandro",   "Lionel",  "Lucas",     "Manuel",    "Mariano",  "Martín",
    "Mateo",   "Matías",    "Nicolás", "Octavio",   "Pablo",     "Ramiro",   "Ramón",
    "Raúl",    "Ricardo",   "Rodrigo", "Santiago",  "Sebastián", "Tiago",    "Tomás",
    "Walter",
};

static const char *const surnames[] = {
    "Acosta",    "Acuña",      "Aguirre",  "Álvarez",   "Arias",     "Ávila",
    "Benítez",   "Blanco",     "Bravo",    "Bustos",    "Cabrera",   "Cáceres",
    "Cardozo",   "Castillo",   "Castro",   "Chávez",    "Córdoba",   "Coronel",
    "Correa",    "Cruz",       "Díaz",     "Domínguez", "Duarte",    "Escobar",
    "Fernández", "Ferreyra",   "Figueroa", "Flores",    "Franco",    "Gauna",
    "Giménez",   "Godoy",      "Gómez",    "González",  "Gutiérrez", "Guzmán",
    "Hernández", "Herrera",    "Ibáñez",   "Juárez",    "Ledesma",   "Leiva",
    "López",     "Lucero",     "Luna",     "Maldonado", "Mamani",    "Mansilla",
    "Martín",    "Martínez",   "Medina",   "Méndez",    "Mendoza",   "Miranda",
    "Molina",    "Montenegro", "Morales",  "Moreno",    "Moyano",    "Muñoz",
    "Navarro",   "Núñez",      "Ojeda",    "Olivera",   "Ortiz",     "Páez",
    "Paz",       "Peralta",    "Pereyra",  "Pérez",     "Ponce",     "Quiroga",
    "Ramírez",   "Ramos",      "Reynoso",  "Ríos",      "Rivero",    "Rodríguez",
    "Rojas",     "Roldán",     "Romero",   "Rossi",     "Ruiz",      "Sánchez",
    "Silva",     "Soria",      "Sosa",     "Soto",      "Suárez",    "Toledo",
    "Torres",    "Valdez",     "Vargas",   "Vázquez",   "Vega",      "Velázquez",
    "Vera",      "Villalba",   "Zambrano", "Zárate",
};

static const char *const nicknames[] = {"Beto",  "Cacho", "Chiqui", "Coco",
                                        "Fede",  "Lucho", "Mari",   "Nacho",
                                        "Negra", "Pepe",  "Pipi",   "Tito"};

static const char *const apostrophe_surnames[] = {
    "D'Agostino", "D'Alessandro", "D'Amico", "D'Angelo", "Dell'Acqua", "O'Higgins"};

#endif
